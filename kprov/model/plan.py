"""Plan: what would be done, in which order, as a value."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from kprov.model.change import Action, Change


@dataclass(frozen=True, slots=True)
class Step:
    """One payload on one host. `needs`: numbers of the steps that must have worked before."""

    number: int
    host: str
    phases: tuple[str, ...]
    changes: tuple[Change, ...]
    needs: frozenset[int] = frozenset()

    @property
    def phase(self) -> str:
        """The phases it does, for people: `os+etcd`."""
        return "+".join(self.phases)


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps; empty means: nothing to do."""

    steps: tuple[Step, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether the hosts are as they should be."""
        return not self.steps

    @property
    def changes(self) -> int:
        """How many changes, guarded ones that may turn out unneeded included."""
        return sum(len(step.changes) for step in self.steps)

    @property
    def digest(self) -> str:
        """What a saved plan is recognised by: every change with what it found before."""
        text = json.dumps([_step(step) for step in self.steps], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def as_data(self) -> dict[str, Any]:
        """For JSON: no contents, no secrets."""
        return {"digest": self.digest, "steps": [_step(step) for step in self.steps]}

    def last_steps(self) -> frozenset[int]:
        """The number of each host's last step."""
        return frozenset({step.host: step.number for step in self.steps}.values())


def _step(step: Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "host": step.host,
        "phases": list(step.phases),
        "needs": sorted(step.needs),
        "changes": [_change(change) for change in step.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    """Digests of certificates and keys are left out: they are new each time they are made."""
    data: dict[str, Any] = {"id": change.id, "action": change.action.name.lower()}
    if change.keys:
        data["keys"] = list(change.keys)
    if change.because:
        data["because"] = list(change.because)
    if change.before is not None:
        data["before"] = dict(change.before)
    expected = change.resource.expected
    if expected is not None and change.action is not Action.MAYBE:
        made = {"sha256"} if change.resource.params.get("generated") else set()
        volatile = {"inputs", "reloaded"} | made
        data["after"] = {key: value for key, value in expected.items() if key not in volatile}
    return data
