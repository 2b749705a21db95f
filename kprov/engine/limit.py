"""`--limit`: which of a cluster's hosts a command is about."""

from __future__ import annotations

from kprov.model.errors import InputError
from kprov.model.host import Host, Inventory


def limited(inventory: Inventory, limit: str | None) -> tuple[Host, ...]:
    """The cluster's hosts that a `--limit` of host and group names leaves."""
    if limit is None:
        return inventory.members
    names: set[str] = set()
    for word in limit.replace(":", ",").split(","):
        found = [host.name for host in inventory.select(word)]
        found += [host.name for host in inventory.hosts if host.name == word]
        if not found:
            raise InputError(f"--limit: no host or group `{word}`", where=inventory.path)
        names.update(found)
    return tuple(host for host in inventory.members if host.name in names)


def chosen(names: list[str], limit: str | None) -> list[str]:
    """The clusters that a `--limit` of their names leaves."""
    if limit is None:
        return names
    wanted = limit.replace(":", ",").split(",")
    for word in wanted:
        if word not in names:
            raise InputError(f"--limit: no cluster `{word}`", hint=f"there are: {', '.join(names)}")
    return [name for name in names if name in wanted]
