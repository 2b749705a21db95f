"""A test of what hosts reach: which pairs, each host's part in it, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Link:
    """`source` has to reach `target` on a TCP port; `what` listens there."""

    source: str
    target: str
    port: int
    what: str


@dataclass(frozen=True, slots=True)
class ReachTask:
    """One host's part in the test."""

    listen: tuple[int, ...] = ()
    expected: int = 0
    """How many connections will come to these ports."""
    connect: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    """Number of the link to address and port."""
    sync: bool = False
    """Whether synced writes are timed where etcd will have its data."""
    pull: str = ""
    """A URL that the host downloads from."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`open`, `refused`, `silent`, `unreachable` or `untested`; tried in this time, in seconds of
    the controller's own clock."""

    word: str
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Reached:
    """What one host's part has shown."""

    answers: Mapping[int, Answer] = field(default_factory=dict)
    listening: Mapping[int, float] = field(default_factory=dict)
    """Port to when a test listener was there."""
    ended: float = 0.0
    sync_folder: str = ""
    sync_seconds: tuple[float, ...] = ()
    pull: str = ""
    pull_error: str | None = None
    """None where it works, or nothing was tried."""

    def listened(self, port: int) -> tuple[float, float] | None:
        """From when to when a test listener was on that port."""
        since = self.listening.get(port)
        return None if since is None else (since, self.ended)
