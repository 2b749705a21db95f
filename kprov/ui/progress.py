"""Progress of an apply, a line for each thing that ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kprov.model.events import ChangeDone, Event, HostReached, Progress, StepDone, StepStarted
from kprov.model.result import Outcome
from kprov.ui.style import Style, harmless, note

SLOW = 1.0
"""Seconds from which a single change is worth a line of its own."""


class ProgressLines:
    """Listens to the engine from many threads, prints whole lines to standard error."""

    def __init__(
        self, style: Style, *, verbose: bool, also: Callable[[Event], None] | None = None
    ) -> None:
        self._style = style
        self._also = also
        self._verbose = verbose
        self._lock = threading.Lock()
        self.changing = False
        """Whether a host has been asked to change something."""

    def __call__(self, event: Event) -> None:
        """Print what is worth it; whoever else listens hears all of it."""
        if self._also:
            self._also(event)
        self.changing = self.changing or isinstance(event, StepStarted)
        text = self._text(event)
        if text:
            with self._lock:
                note(text)

    def _text(self, event: Event) -> str:
        match event:
            case HostReached(host, seconds, error):
                if error:
                    return f"{self._style('x', 'red')} {host}: {harmless(error)}"
                return f"  {host}: looked in {seconds:.2f} s" if self._verbose else ""
            case StepStarted(phase, host, changes):
                return f"{self._style('>', 'cyan')} {host}: {phase} ({changes} changes)"
            case ChangeDone(_, host, result):
                slow = result.seconds >= SLOW
                if result.outcome in (Outcome.FAILED, Outcome.STALE):
                    return f"{self._style('x', 'red')} {host}: {result.id}"
                if self._verbose or slow:
                    return f"  {host}: {result.id} {result.outcome.value}, {result.seconds:.1f} s"
                return ""
            case StepDone(result) if result.ok:
                done = self._style("ok", "green")
                return f"{done} {result.host}: {result.phase}, {result.seconds:.1f} s"
            case StepDone(result) if result.error:
                what = harmless(result.error).removeprefix(f"{result.host}: ").partition("\n")[0]
                return f"{self._style('x', 'red')} {result.host}: {what}"
            case Progress(text):
                return f"  {text}"
        return ""
