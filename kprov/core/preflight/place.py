"""What checks look at, a host in its cluster, and what they say: findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know before anything is changed."""

    host: str
    level: Level
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """One host with its facts and the cluster it shall be in."""

    host: Host
    facts: Facts
    inventory: Inventory

    @property
    def is_etcd(self) -> bool:
        """Whether an etcd member runs here."""
        return self.host in self.inventory.etcd

    @property
    def is_node(self) -> bool:
        """Whether a kubelet runs here."""
        return self.host in self.inventory.nodes

    def error(self, what: str, hint: str = "") -> Finding:
        """A finding that apply refuses to go on with."""
        return Finding(self.host.name, "error", what, hint)

    def warning(self, what: str, hint: str = "") -> Finding:
        """A finding that is only said."""
        return Finding(self.host.name, "warning", what, hint)


Check = Callable[[Place], Iterator[Finding]]
"""A check of a single host."""
