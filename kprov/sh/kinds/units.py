"""systemd units: enabled, running, and started from the inputs of today."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records


class UnitKind:
    """unit {name, enabled, running, block, tries_with}.

    `tries_with`: a flag with which the program reads its other flags and ends; a running unit is
    not restarted when it does not take them.

    `inputs` is the digest of what it restarts on, `reloaded` of what it only reloads on.
    """

    name = "unit"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One systemctl show for all."""
        return [call("look_units", *(resource.name for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """None when systemd knows no such unit."""
        line = records.get("unit", resource.name)
        if line is None or line.get("LoadState") == "not-found":
            return None
        return {
            "enabled": line.get("UnitFileState") in ("enabled", "enabled-runtime", "static"),
            "running": line.get("ActiveState") in ("active", "reloading"),
            "loaded": line.get("NeedDaemonReload") == "no",
            **_recorded(line.get("inputs", "")),
        }

    def write(self, change: Change) -> str:
        """Reload if needed, enable, restart, record the inputs."""
        want = change.resource.expected or {"enabled": False, "running": False, "inputs": "-"}
        tries = str(change.resource.params.get("tries_with") or "")
        return call(
            *(("k_tried_unit", tries) if tries else ("k_unit",)),
            change.resource.name,
            bool(want["enabled"]),
            bool(want["running"]),
            bool(change.resource.params.get("block", True)),
            " ".join(str(want[key]) for key in ("inputs", "reloaded") if want.get(key)) or "-",
            *_how(change),
        )


def _recorded(words: str) -> dict[str, str]:
    """The digests that the host has on record."""
    inputs, _, reloaded = words.partition(" ")
    return {"inputs": inputs, "reloaded": reloaded} if reloaded else {"inputs": inputs}


def _how(change: Change) -> tuple[str, ...]:
    """`keep`: only what systemd knows of the unit differs, so it goes on as it runs."""
    if change.keys == ("reloaded",):
        return ("tell",)
    if change.before is None or change.because or not {"enabled", "loaded"} & set(change.keys):
        return ()
    return ("keep",) if set(change.keys) <= {"enabled", "loaded"} else ("reload",)
