"""Batch rules: which hosts together, which one after the other. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kprov.core.phase import Batches, BatchRule
from kprov.model.facts import Facts


def together(hosts: Sequence[str], facts: Mapping[str, Facts]) -> Batches:
    """All at once."""
    return [list(hosts)]


def one_by_one_if_running(unit: str) -> BatchRule:
    """All at once while the unit runs nowhere, otherwise one host at a time, stopped ones first.

    A member of etcd alone waits for a quorum that never forms (so they start together); a running
    quorum or control plane must not lose two at once.
    """

    def rule(hosts: Sequence[str], facts: Mapping[str, Facts]) -> Batches:
        running = {host for host in hosts if runs(facts[host], unit)}
        if not running:
            return [list(hosts)]
        return [[host] for host in sorted(hosts, key=running.__contains__)]

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
