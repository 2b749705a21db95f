"""Host patterns."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.inventory.ranges import expand


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("cp1", ["cp1"], None),
        ("cp[1:3]", ["cp1", "cp2", "cp3"], None),
        ("w[08:10]", ["w08", "w09", "w10"], None),
        ("n[1:9:4].x", ["n1.x", "n5.x", "n9.x"], None),
        ("[a:c]", ["a", "b", "c"], None),
        ("[y:B]", ["y", "z", "A", "B"], None),
        ("[:2]", ["0", "1", "2"], None),
        ("r[1:2]n[a:b]", ["r1na", "r1nb", "r2na", "r2nb"], None),
        ("cp[1:2]:2222", ["cp1", "cp2"], 2222),
        ("192.0.2.1:22", ["192.0.2.1"], 22),
        ("2001:db8::1", ["2001:db8::1"], None),
        ("[2001:db8::1]:22", ["2001:db8::1"], 22),
    ],
)
def test_patterns_stand_for_these_hosts(pattern: str, names: list[str], port: int | None) -> None:
    """Every form that Ansible has."""
    assert expand(pattern) == (tuple(names), port)


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("cp[1-3]", "is not a range"),
        ("cp[1:]", "is not a range"),
        ("cp[1:c]", "is not a range"),
        ("cp[1:2:0]", "step '0'"),
        ("cp[1:2:3:4]", "is not a range"),
        ("cp[3:1]", "runs backwards"),
        ("cp[01:100]", "unlike length"),
        ("cp[1:3", "unpaired bracket"),
        ("cp]", "unpaired bracket"),
        ("cp[1:10000000000]", "more than 10000 hosts"),
        ("a[1:200]b[1:200]", "more than 10000 hosts"),
        ("cp1:70000", "port 70000"),
        ("cp1:", "ends with a colon"),
    ],
)
def test_what_is_no_pattern_says_why(pattern: str, fault: str) -> None:
    """A broken pattern is a ValueError that names the fault."""
    with pytest.raises(ValueError, match=fault):
        expand(pattern)


@settings(deadline=None)
@given(
    low=st.integers(0, 500),
    length=st.integers(0, 300),
    step=st.integers(1, 50),
    prefix=st.text("abc-", max_size=3),
    suffix=st.text("xyz.", max_size=3),
)
def test_numbers_count_as_range_does(
    low: int, length: int, step: int, prefix: str, suffix: str
) -> None:
    """[a:b:s] is every s-th number from a to b, both included."""
    high = low + length
    names, _ = expand(f"{prefix}[{low}:{high}:{step}]{suffix}")
    assert names == tuple(f"{prefix}{n}{suffix}" for n in range(low, high + 1, step))


@settings(deadline=None)
@given(low=st.integers(0, 9999), high=st.integers(0, 9999), width=st.integers(5, 7))
def test_a_leading_zero_keeps_every_name_as_wide(low: int, high: int, width: int) -> None:
    """Zero-padded ends give zero-padded, equally long, sorted names."""
    low, high = sorted((low, high))
    names, _ = expand(f"n[{low:0{width}}:{high:0{width}}]")
    assert {len(name) for name in names} == {width + 1}
    assert list(names) == sorted(names)
    assert len(names) == high - low + 1


@settings(deadline=None)
@given(st.text(alphabet="ab1:[]-.", max_size=12))
def test_any_text_gives_names_or_a_value_error(text: str) -> None:
    """No input makes anything but names or a ValueError."""
    try:
        names, _ = expand(text)
    except ValueError:
        return
    assert names
