"""What every inventory format is turned into: a stream of entries about groups and hosts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kprov.core.marked_yaml import Marked
from kprov.model.errors import Location


@dataclass(frozen=True, slots=True)
class Var:
    """A variable's value and where its name stands."""

    value: Marked
    location: Location


Vars = Mapping[str, Var]


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """A group is named somewhere, with children or variables or neither."""

    name: str
    location: Location
    children: tuple[str, ...] = ()
    vars: Vars = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostEntry:
    """A host is named in a group, with variables or without."""

    name: str
    group: str
    location: Location
    vars: Vars = field(default_factory=dict)


Entry = GroupEntry | HostEntry


@dataclass(frozen=True, slots=True)
class Source:
    """What was read from one or more files: entries in written order, the cluster spec if any."""

    entries: tuple[Entry, ...] = ()
    cluster: Marked | None = None
    clusters: Marked | None = None
    """Several clusters: each is laid over `cluster`."""
    failover: Marked | None = None

    def __add__(self, other: Source) -> Source:
        """Both, one after the other; the first cluster spec stays."""
        return Source(
            self.entries + other.entries,
            self.cluster or other.cluster,
            self.clusters or other.clusters,
            self.failover or other.failover,
        )


def vars_of(marked: Marked) -> dict[str, Var]:
    """The entries of a mapping as variables."""
    return {name: Var(value, marked.key_location(name)) for name, value in marked.mapping.items()}
