"""Whatever people write into a role: it is a role, or an error with a place. Never a crash."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.lang.schema import KEYWORDS, KINDS
from tests.unit.lang.role_folder import RoleFolder

SNIPPETS = st.sampled_from([
    "", "x", "/etc/x", "0644", "yes", "{{ x }}", "{{ facts.x }}", "{{ 1 / 0 }}", "{{ x", "{% if %}",
    "{{ facts }}", "{{ x.y.z }}", "{{ [1, 2] }}", "a.j2", "etcd", "admin", "pause.tar", "item",
    "facts.x", "[1, 2]", "x ==", "{'a': 1}.items()", "none", "range(3)", "{{ item }}", "x | nope",
])  # fmt: skip
ODD = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | SNIPPETS
VALUES = ODD | st.lists(ODD, max_size=2) | st.dictionaries(SNIPPETS, ODD, max_size=2)


@st.composite
def tasks(draw: st.DrawFn) -> dict[str, Any]:
    """A task that is nearly one."""
    kind = draw(st.sampled_from([*KINDS, "fiel"]))
    known = KINDS[kind].names if kind in KINDS else ("path",)
    names = draw(st.sets(st.sampled_from([*known, "nope"])))
    required = KINDS[kind].required if kind in KINDS else ()
    params = {name: draw(SNIPPETS | ODD) for name in (*required, *sorted(names))}
    words = draw(st.sets(st.sampled_from(KEYWORDS), max_size=2))
    return {kind: params, **{word: draw(SNIPPETS | VALUES) for word in sorted(words)}}


@settings(max_examples=300, deadline=None)
@given(st.lists(tasks(), max_size=3) | VALUES, st.booleans())
def test_any_tasks(document: object, looked: bool) -> None:
    """Before the look and after it."""
    with tempfile.TemporaryDirectory() as name:
        roles = RoleFolder(Path(name))
        roles.write("mine/templates/a.j2", "{{ facts.y }}\n")
        roles.tasks(yaml.safe_dump(document))
        facts = {"x": 1, "y": "2"} if looked else None
        assert all(place for place in roles.places(facts=facts, x="value"))


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("{}%# \n'\"x.|()[]:-12if for in end"), max_size=40))
def test_any_template(text: str) -> None:
    """Rendered, or an error that names the template or the task."""
    with tempfile.TemporaryDirectory() as name:
        roles = RoleFolder(Path(name))
        roles.write("mine/templates/a.j2", text)
        roles.tasks("- file: {path: /a, template: a.j2}\n")
        assert all("a.j2" in place for place in roles.places(facts={}, x="value"))
