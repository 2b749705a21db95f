"""The table of phases and the inventory's word for it."""

from __future__ import annotations

from kprov.engine.phases import PHASES
from kprov.inventory import rules


def test_the_inventory_knows_every_phase() -> None:
    """`cluster.roles` may hook in everywhere, and the error of a wrong phase lists them all."""
    assert tuple(phase.name for phase in PHASES) == rules.PHASES


def test_phases_come_after_what_they_wait_for() -> None:
    """The table reads from top to bottom."""
    seen: set[str] = set()
    for phase in PHASES:
        assert set(phase.after) <= seen
        seen.add(phase.name)
