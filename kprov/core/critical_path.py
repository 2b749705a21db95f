"""Where the time of an apply went: the chain of steps that nothing could have made shorter."""

from __future__ import annotations

from kprov.model.plan import Plan
from kprov.model.result import ChangeResult, HostResult, RunResult


def critical_path(plan: Plan, result: RunResult) -> tuple[HostResult, ...]:
    """The longest chain of steps that waited for each other, first step first."""
    by_name = {(its.host, its.phase): its for its in result.hosts}
    chains: dict[int, tuple[HostResult, ...]] = {}
    for step in plan.steps:
        done = by_name.get((step.host, step.phase))
        if done is not None:
            before = (chains.get(need, ()) for need in sorted(step.needs))
            chains[step.number] = (*max(before, key=seconds, default=()), done)
    return max(chains.values(), key=seconds, default=())


def seconds(steps: tuple[HostResult, ...]) -> float:
    """How long a chain of steps took."""
    return sum(step.seconds for step in steps)


def slowest_change(steps: tuple[HostResult, ...]) -> tuple[str, ChangeResult] | None:
    """Host and change that took longest, waits included; None without any."""
    found = [(step.host, change) for step in steps for change in step.results]
    return max(found, key=lambda pair: pair[1].seconds, default=None)
