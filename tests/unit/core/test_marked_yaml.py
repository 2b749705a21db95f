"""The YAML reader with line marks."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.core.marked_yaml import load_marked, mark, plain, scan_marked
from kprov.model.errors import InputError, Location, ProblemsError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def failure(text: str) -> str:
    with pytest.raises(InputError) as caught:
        load_marked(text, "f.yaml")
    return str(caught.value)


def test_keys_and_values_know_their_lines() -> None:
    """A key is found at its own line, its value where the value starts."""
    marked = load_marked("a: 1\nb:\n  - x\n  - c: 2\n", "f.yaml")
    assert marked.key_location("b") == Location("f.yaml", 2)
    assert marked.mapping["b"].location == Location("f.yaml", 3)
    assert marked.locate(["b", 1, "c"]) == Location("f.yaml", 4)
    assert marked.locate(["b", 1, "absent", "deeper"]) == Location("f.yaml", 4)
    inner = marked.at(["b", 1, "c"])
    assert inner is not None
    assert inner.value == 2
    assert marked.at(["b", 7]) is None


def test_an_empty_document_is_null() -> None:
    """Nothing written reads as null, not as an error."""
    assert load_marked("", "f.yaml").is_null
    assert load_marked("# only a comment\n", "f.yaml").is_null


def test_a_number_keeps_its_text() -> None:
    """`1.30` can be shown as it was written although it is the number 1.3."""
    version = load_marked("v: 1.30", "f.yaml").mapping["v"]
    assert (version.value, version.text, version.kind) == (1.3, "1.30", "the number 1.30")


def test_keys_and_dates_stay_text() -> None:
    """Keys are text as written, whatever YAML would make of them; dates are text."""
    assert plain(load_marked("on: 1\n2: 2\nd: 2026-01-02\n", "f")) == {
        "on": 1,
        "2": 2,
        "d": "2026-01-02",
    }


def test_every_duplicate_key_is_reported() -> None:
    """All duplicates come at once, each with both lines."""
    with pytest.raises(ProblemsError) as caught:
        load_marked("a: 1\nb: {c: 1, c: 2}\na: 3\n", "f.yaml")
    assert [problem.where for problem in caught.value.problems] == ["f.yaml:2", "f.yaml:3"]
    assert "first is in line 1" in caught.value.problems[1].what


def test_scan_gives_what_could_be_read_beside_the_problems() -> None:
    """A duplicate key does not hide the rest of the file from other checks."""
    marked, problems = scan_marked("a: 1\na: 2\nb: 3\n", "f.yaml")
    assert plain(marked) == {"a": 1, "b": 3}
    assert len(problems) == 1


def test_merge_keys_and_anchors() -> None:
    """`<<` adds what is not there; own keys win; merged keys keep the line of their anchor."""
    marked = load_marked("x: &x {a: 1, b: 1}\ny:\n  <<: *x\n  b: 2\n", "f.yaml")
    assert plain(marked)["y"] == {"a": 1, "b": 2}
    assert marked.locate(["y", "a"]).line == 1
    assert "merges mappings" in failure("y:\n  <<: 5\n")


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("a:\n\tb: 1\n", "f.yaml:2", "indent with spaces"),
        ("a: 1\nb: c: d\n", "f.yaml:2", "a colon too many"),
        ("a: [1,\nb: 2\n", "f.yaml:", "flow sequence"),
        ("a: 'b\n", "f.yaml:", "YAML syntax"),
        ("a: 1\nb: \x01\n", "f.yaml:2", "not text"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2", "another document"),
        ("a: *nowhere\n", "f.yaml:1", "undefined alias"),
        ("a: {{ name }}\n", "f.yaml:1", 'needs quotes: "{{ name }}"'),
        ("a: !vault |\n  00\n", "f.yaml:1", "Ansible Vault is not read"),
        ("a: !!python/name:os.system x\n", "f.yaml:1", "not supported"),
        ("a: !!int x\n", "f.yaml:1", "not a YAML int"),
        ("a: &a [*a]\n", "f.yaml:1", "contains itself"),
    ],
)
def test_what_cannot_be_read_names_the_line(text: str, where: str, what: str) -> None:
    """Every kind of unreadable YAML is an InputError with file, line and a way out."""
    message = failure(text)
    assert message.startswith(where)
    assert what in message


def test_nested_aliases_stay_cheap() -> None:
    """Aliases of aliases share values, so a few lines cannot fill the memory."""
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert load_marked("\n".join(lines), "f").mapping["a59"].is_sequence


@settings(deadline=None)
@given(JSON)
def test_plain_gives_back_what_yaml_wrote(value: object) -> None:
    """Any JSON-like value survives dump, load and plain; `mark` and `plain` are inverse."""
    text = yaml.safe_dump(value)
    assert plain(load_marked(text, "f")) == value
    assert plain(mark(value, Location("f"))) == value
