"""Commands with a guard, and waits: things that are true or not yet."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records


def _look(resources: Sequence[tuple[int, Resource]], key: str) -> list[str]:
    return [
        call("look_condition", str(number), str(resource.params[key]))
        for number, resource in resources
        if resource.params.get(key)
    ]


def _read(number: int, records: Records) -> State | None:
    line = records.get("condition", str(number))
    return {"met": True} if line is not None and line.get("met") == "yes" else None


class CommandKind:
    """command {name, run, unless}: runs when its guard does not hold."""

    name = "command"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """Guards are tried side by side."""
        return _look(resources, "unless")

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Whether the guard holds."""
        return _read(number, records)

    def write(self, change: Change) -> str:
        """The guard is tried again on the host."""
        params = change.resource.params
        return call("k_command", str(params.get("unless", "")), str(params["run"]))


class WaitKind:
    """wait {name, run, timeout, unit}: a condition that must hold before work goes on."""

    name = "wait"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """Conditions are tried side by side."""
        return _look(resources, "run")

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Whether it holds."""
        return _read(number, records)

    def write(self, change: Change) -> str:
        """Poll on the host."""
        params = change.resource.params
        return call(
            "k_wait",
            change.resource.name,
            str(params["timeout"]),
            str(params.get("unit", "")),
            str(params["run"]),
        )
