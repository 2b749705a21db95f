"""Where the time of an apply went."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kprov.core.critical_path import critical_path, seconds, slowest_change
from kprov.model.plan import Plan, Step
from kprov.model.result import ChangeResult, HostResult, Outcome, RunResult
from kprov.ui.path_text import path_data, path_text


def run(*steps: tuple[str, float, set[int]]) -> tuple[Plan, RunResult]:
    """Host, seconds and needs of every step."""
    plan = Plan(
        tuple(
            Step(n, host, ("p",), (), frozenset(needs)) for n, (host, _, needs) in enumerate(steps)
        )
    )
    done = tuple(
        HostResult(host, "p", (ChangeResult(f"unit:{host}", Outcome.OK, "", took / 2),), "", took)
        for host, took, _ in steps
    )
    return plan, RunResult(done)


def test_the_longest_chain_counts_not_the_longest_step() -> None:
    """b and c one after the other take longer than d alone."""
    plan, result = run(("a", 1, set()), ("b", 3, {0}), ("d", 4.5, set()), ("c", 2, {1}))
    assert [its.host for its in critical_path(plan, result)] == ["a", "b", "c"]
    assert path_text(plan, result) == (
        "critical path, 6.0 s: a p 1.0 s > b p 3.0 s > c p 2.0 s\nslowest on it: b unit:b, 1.5 s"
    )
    assert path_data(plan, result)["slowest"] == {"host": "b", "id": "unit:b", "seconds": 1.5}


def test_nothing_done_has_no_path() -> None:
    """An apply without work."""
    assert critical_path(Plan(), RunResult()) == ()
    assert slowest_change(()) is None
    assert path_text(Plan(), RunResult()) == ""


@given(st.lists(st.tuples(st.floats(0, 100), st.sets(st.integers(0, 20))), max_size=12))
def test_no_chain_is_longer(drawn: list[tuple[float, set[int]]]) -> None:
    """Every step follows one that it needs, and the end of no step is later than the path's."""
    steps = [(f"h{n}", took, {x for x in needs if x < n}) for n, (took, needs) in enumerate(drawn)]
    plan, result = run(*steps)
    path = critical_path(plan, result)
    numbers = [int(its.host[1:]) for its in path]
    assert all(a in plan.steps[b].needs for a, b in pairwise(numbers))
    ends: dict[int, float] = {}
    for number, (_, took, needs) in enumerate(steps):
        ends[number] = took + max((ends[need] for need in needs), default=0)
    assert abs(seconds(path) - max(ends.values(), default=0)) < 1e-6
