"""Kernel parameters, modules, mounts."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


class SysctlKind:
    """sysctl {name, value}: the live value."""

    name = "sysctl"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """Read from /proc/sys by the shell itself."""
        return [call("look_sysctls", *(_path(resource) for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """The value, white space folded."""
        line = records.get("sysctl", _path(resource))
        return None if line is None else {"value": " ".join(text_member(line, "v").split())}

    def write(self, change: Change) -> str:
        """Write and read back."""
        return call(
            "k_sysctl", change.resource.name, str((change.resource.expected or {})["value"])
        )


def _path(resource: Resource) -> str:
    """sysctl(8): dots stand for slashes."""
    return f"/proc/sys/{resource.name.replace('.', '/')}"


class ModuleKind:
    """module {name}: loaded, built in, or its work visible."""

    name = "module"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """Present ones print a line."""
        return [call("look_modules", *(resource.name for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Present or not."""
        return {"present": True} if records.get("module", resource.name) else None

    def write(self, change: Change) -> str:
        """modprobe."""
        return call("k_module", change.resource.name)


class MountKind:
    """mount {path, source, type, options}."""

    name = "mount"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """From /proc/mounts."""
        return [call("look_mounts", *(resource.name for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Source and type."""
        line = records.get("mount", resource.name)
        return None if line is None else {"source": line["source"], "type": line["type"]}

    def write(self, change: Change) -> str:
        """mount."""
        want, params = change.resource.expected or {}, change.resource.params
        return call(
            "k_mount",
            change.resource.name,
            str(want["source"]),
            str(want["type"]),
            str(params.get("options", "defaults")),
        )
