"""The journal hears what the UI hears: who changed what, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from kprov.model.events import ChangeDone, Event, HostReached, Progress, StepDone, StepStarted
from kprov.state.journal import Journal


def journalled(
    journal: Journal, run_id: str, emit: Callable[[Event], None]
) -> Callable[[Event], None]:
    """An `emit` that writes to the journal first. Ids and outcomes only, never contents."""
    lock = threading.Lock()

    def both(event: Event) -> None:
        if isinstance(event, StepStarted | ChangeDone | StepDone):
            with lock:
                journal.append(run_id, entry(event), datetime.now(UTC))
        emit(event)

    return both


def entry(event: Event) -> dict[str, object]:
    """An event as data: for the journal, and for programs that watch."""
    match event:
        case HostReached(host, seconds, error):
            return {
                "event": "host-reached", "host": host, "seconds": round(seconds, 3),
                "error": error,
            }  # fmt: skip
        case Progress(text):
            return {"event": "progress", "text": text}
        case StepStarted(phase, host, changes):
            return {"event": "step-started", "host": host, "phase": phase, "changes": changes}
        case ChangeDone(phase, host, result):
            return {
                "event": "change", "host": host, "phase": phase, "id": result.id,
                "outcome": result.outcome.value, "seconds": round(result.seconds, 3),
            }  # fmt: skip
        case StepDone(result):
            return {
                "event": "step-done", "host": result.host, "phase": result.phase, "ok": result.ok,
                "error": result.error,
            }  # fmt: skip
