"""Batch rules: which hosts together, which one after the other. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kprov.core.phase import Batches, BatchRule
from kprov.model.facts import Facts


def together(hosts: Sequence[str], facts: Mapping[str, Facts]) -> Batches:
    """All at once."""
    return [list(hosts)]


def running_one_by_one(unit: str) -> BatchRule:
    """Where the unit does not run all at once, then the others one at a time."""

    def rule(hosts: Sequence[str], facts: Mapping[str, Facts]) -> Batches:
        running = [host for host in hosts if runs(facts[host], unit)]
        stopped = [host for host in hosts if host not in running]
        return [batch for batch in (stopped, *([host] for host in running)) if batch]

    return rule


def percent(share: int, unit: str) -> BatchRule:
    """New hosts all at once; running ones in batches of `share` percent, at least one host."""

    def rule(hosts: Sequence[str], facts: Mapping[str, Facts]) -> Batches:
        running = [host for host in hosts if runs(facts[host], unit)]
        fresh = [host for host in hosts if host not in running]
        size = max(1, len(hosts) * share // 100)
        batches = [running[start : start + size] for start in range(0, len(running), size)]
        return [batch for batch in (fresh, *batches) if batch]

    return rule


def runs(facts: Facts, unit: str) -> bool:
    """Whether a unit was seen running."""
    state = facts.observed.get(f"unit:{unit}")
    return bool(state and state.get("running"))
