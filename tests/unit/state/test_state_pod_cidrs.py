"""Pod ranges of nodes: given once, never moved, never overlapping."""

from __future__ import annotations

import ipaddress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.model.errors import InputError
from kprov.state.pod_cidrs import allocate, dump, parse

names = st.lists(st.text("abcdefgh", min_size=1, max_size=4), unique=True, max_size=12)


@given(names, names, st.integers(16, 19), st.integers(24, 28))
def test_allocations_never_move_never_overlap_and_stay_inside(
    first: list[str], second: list[str], prefix: int, mask: int
) -> None:
    """Two rounds with any nodes: the first round's answers stand in the second."""
    pods = ipaddress.ip_network(f"10.240.0.0/{prefix}")
    before = allocate(str(pods), mask, first, {})
    after = allocate(str(pods), mask, second, before)
    assert {node: after[node] for node in before} == before
    assert set(after) == {*first, *second}
    networks = [ipaddress.ip_network(cidr) for cidr in after.values()]
    assert all(n.prefixlen == mask and n.subnet_of(pods) for n in networks)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for a, b in combinations(networks, 2))
    assert parse(dump(after), where="f") == after


@given(st.integers(0, 6), st.integers(0, 6))
def test_a_changed_mask_does_not_overlap_what_is_there(old: int, new: int) -> None:
    """Parts of another size, from before a change of node_mask, are respected."""
    before = allocate("10.240.0.0/18", 22 + old, ["a", "b", "c"], {})
    after = allocate("10.240.0.0/18", 22 + new, ["d", "e", "f"], before)
    networks = [ipaddress.ip_network(cidr) for cidr in after.values()]
    assert len(networks) == 6
    assert not any(a.overlaps(b) for a, b in combinations(networks, 2))


def test_the_same_question_has_the_same_answer() -> None:
    """A second apply changes nothing; a freed part goes to the next node."""
    first = allocate("10.244.0.0/16", 24, ["a", "b", "c"], {})
    assert first == {"a": "10.244.0.0/24", "b": "10.244.1.0/24", "c": "10.244.2.0/24"}
    assert allocate("10.244.0.0/16", 24, ["c", "a", "b"], first) == first
    del first["b"]
    assert allocate("10.244.0.0/16", 24, ["d"], first)["d"] == "10.244.1.0/24"


def test_a_full_range_is_an_input_error() -> None:
    """The message says how many parts there are, for whom none is left and what to change."""
    with pytest.raises(InputError, match=r"10\.244\.0\.0/30 is full: of its 4 parts .* node e"):
        allocate("10.244.0.0/30", 32, list("abcde"), {})


def test_a_mask_wider_than_the_range_is_an_input_error() -> None:
    """Not one node would fit."""
    with pytest.raises(InputError, match="does not fit"):
        allocate("10.244.0.0/24", 16, ["a"], {})


@pytest.mark.parametrize("pods", ["10.245.0.0/16", "fd00::/16", "10.244.1.0/28"])
def test_a_range_that_leaves_a_node_outside_is_an_input_error(pods: str) -> None:
    """Pods run with these addresses: the range cannot be moved away under them."""
    with pytest.raises(InputError, match=r"node a already has 10\.244\.1\.0/24"):
        allocate(pods, 28, ["b"], {"a": "10.244.1.0/24"})


def test_ipv6_ranges_work() -> None:
    """The arithmetic is the same."""
    assert allocate("fd00:10::/56", 64, ["a", "b"], {})["b"] == "fd00:10:0:1::/64"


def test_thousands_of_nodes_are_quick_enough_to_ask_on_every_plan() -> None:
    """4,000 nodes: no search per node through all the others (it would be 16 million steps)."""
    nodes = [f"n{i}" for i in range(4000)]
    first = allocate("10.240.0.0/12", 24, nodes, {})
    assert len(set(first.values())) == 4000


def test_two_families_have_a_part_of_each() -> None:
    """A second family can come later, and what nodes have stays; a family that goes is refused."""
    single = allocate("10.244.0.0/16", 24, ["a"], {})
    both = "10.244.0.0/16,fd00:10::/56"
    after = allocate(both, 24, ["b", "a"], single, 64)
    assert after == {"a": "10.244.0.0/24,fd00:10:0:1::/64", "b": "10.244.1.0/24,fd00:10::/64"}
    assert allocate(both, 24, ["a", "b"], parse(dump(after), where="f"), 64) == after
    with pytest.raises(InputError, match="node a already has fd00:10:0:1::/64"):
        allocate("10.244.0.0/16", 24, ["a"], after)
