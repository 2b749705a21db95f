"""Packages and users."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records


class PackageKind:
    """package {name}; params `names`: package manager to its name for it, where it has another."""

    name = "package"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One question to the package manager for all."""
        return [call("look_packages", *(" ".join(_words(resource)) for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Installed or not."""
        line = records.get("package", resource.name)
        return {"installed": True} if line and line.get("status") == "installed" else None

    def write(self, change: Change) -> str:
        """Install."""
        return call("k_package", *_words(change.resource))


def _words(resource: Resource) -> list[str]:
    """`conntrack dnf=conntrack-tools`: the host takes the name that its own manager knows."""
    names = resource.params.get("names", {})
    return [resource.name, *(f"{manager}={name}" for manager, name in sorted(names.items()))]


class UserKind:
    """user {name, home, shell}: a system user with a group of its own."""

    name = "user"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """From /etc/passwd."""
        return [call("look_users", *(resource.name for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Home and shell."""
        line = records.get("user", resource.name)
        return None if line is None else {"home": line["home"], "shell": line["shell"]}

    def write(self, change: Change) -> str:
        """useradd or usermod."""
        want = change.resource.expected or {}
        return call("k_user", change.resource.name, str(want["home"]), str(want["shell"]))
