"""The journal hears what the UI hears: who changed what, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from kprov.model.events import ChangeDone, Event, StepDone, StepStarted
from kprov.state.journal import Journal


def journalled(
    journal: Journal, run_id: str, emit: Callable[[Event], None]
) -> Callable[[Event], None]:
    """An `emit` that writes to the journal first. Ids and outcomes only, never contents."""
    lock = threading.Lock()

    def both(event: Event) -> None:
        entry = _entry(event)
        if entry:
            with lock:
                journal.append(run_id, entry, datetime.now(UTC))
        emit(event)

    return both


def _entry(event: Event) -> dict[str, object] | None:
    match event:
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
    return None
