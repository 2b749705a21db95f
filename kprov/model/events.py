"""What the engine reports while it runs; the UI and the journal listen."""

from __future__ import annotations

from dataclasses import dataclass

from kprov.model.result import ChangeResult, HostResult


@dataclass(frozen=True, slots=True)
class HostReached:
    """A host was looked at, or could not be (`error`)."""

    host: str
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A payload is on its way to a host."""

    phase: str
    host: str
    changes: int


@dataclass(frozen=True, slots=True)
class ChangeDone:
    """The host reported one change."""

    phase: str
    host: str
    result: ChangeResult


@dataclass(frozen=True, slots=True)
class StepDone:
    """A payload has ended."""

    result: HostResult


@dataclass(frozen=True, slots=True)
class Progress:
    """A longer piece of work on the controller, in words (downloads, pushes)."""

    text: str


Event = HostReached | StepStarted | ChangeDone | StepDone | Progress
