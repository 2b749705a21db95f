"""Results keep their host: what was done, where, and how it ended."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Outcome(enum.Enum):
    """How one change ended."""

    OK = "ok"
    UNCHANGED = "unchanged"
    """A guard was true by then: nothing had to be done."""
    FAILED = "failed"
    STALE = "stale"
    """The host was not as the plan saw it; nothing was written."""
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """One change on one host; seconds on the host's own clock."""

    id: str
    outcome: Outcome
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class HostResult:
    """One payload on one host."""

    host: str
    phase: str
    results: tuple[ChangeResult, ...] = ()
    error: str = ""
    seconds: float = 0.0
    busy: bool = False
    """The host is leased to another apply: nothing was done."""

    @property
    def ok(self) -> bool:
        """Whether every change was done."""
        good = (Outcome.OK, Outcome.UNCHANGED)
        return not self.error and all(result.outcome in good for result in self.results)


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole apply."""

    hosts: tuple[HostResult, ...] = ()
    not_started: tuple[str, ...] = ()
    """Phases that a failure before them kept from starting."""
    channels: Mapping[str, int] = field(default_factory=dict)
    """SSH channels opened, by host."""
    seconds: float = 0.0
    interrupted: bool = False
    """Somebody pressed Ctrl-C: what ran was cut off, the rest was not started."""

    @property
    def failed(self) -> tuple[HostResult, ...]:
        """The payloads that did not end well."""
        return tuple(host for host in self.hosts if not host.ok)

    @property
    def ok(self) -> bool:
        """Whether all that was planned is done."""
        return not self.failed and not self.not_started and not self.interrupted

    @property
    def busy(self) -> bool:
        """Whether a host was leased to another apply."""
        return any(host.busy for host in self.hosts)

    @property
    def changed(self) -> int:
        """How many changes were done."""
        return sum(r.outcome is Outcome.OK for host in self.hosts for r in host.results)
