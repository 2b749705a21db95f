"""Facts: what one look at a host found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kprov.model.benchmark import Seen
from kprov.model.resource import State


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is changing a cluster: found on a host, times in seconds since the epoch."""

    run: str
    owner: str
    expires: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Base facts and the state of every resource id that was asked for.

    `base`: the host's facts by name, as text (`os_id`, `arch`, `kernel`, `default_ip`, ...).
    `observed`: resource id to state, None when absent; an id that was not asked for is missing.
    `contents`: path to bytes, for files that are not what kprov would write and are not secret.
    `seen`: what the security benchmark needs to know, where a look asked for it.
    `clock_offset`: host clock minus controller clock in seconds, half a round trip deducted.
    """

    base: Mapping[str, str]
    observed: Mapping[str, State | None]
    contents: Mapping[str, bytes] = field(default_factory=dict)
    lease: Lease | None = None
    clock_offset: float = 0.0
    seen: Seen | None = None

    def get(self, name: str, default: str = "") -> str:
        """A base fact, or the default where the host does not tell."""
        return self.base.get(name, default)

    def number(self, name: str) -> int:
        """A base fact as a whole number; 0 where the host does not tell."""
        value = self.base.get(name, "0")
        return int(value) if value.lstrip("-").isdigit() else 0

    def flag(self, name: str) -> bool:
        """A base fact that is `yes` or `no`."""
        return self.base.get(name) == "yes"
