"""What a kind is: how to look, how to read what was seen, how to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.records import Records


class Kind(Protocol):
    """One kind of resource. Kinds know shell functions of kprov/sh/lib, nothing else."""

    name: str

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """Shell lines that look at all resources of this kind; numbers name conditions."""
        ...

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """The observed state; None when it does not exist."""
        ...

    def write(self, change: Change) -> str:
        """One shell call that makes the change."""
        ...


MODES = {
    "regular file": "file",
    "regular empty file": "file",
    "directory": "directory",
    "symbolic link": "link",
}


def read_path(name: str, records: Records) -> dict[str, str | int | bool] | None:
    """Type, mode, owner and group of a path as a probe saw them."""
    line = records.get("path", name)
    if line is None:
        return None
    return {
        "type": MODES.get(line["type"], line["type"]),
        "mode": line["mode"].zfill(4),
        "owner": line["owner"],
        "group": line["group"],
    }
