"""Progress of an apply, a line for each thing that ended; and the summary after it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from kprov.model.events import ChangeDone, Event, HostReached, Progress, StepDone, StepStarted
from kprov.model.result import HostResult, Outcome, RunResult
from kprov.ui.style import Style, note

SLOW = 1.0
"""Seconds from which a single change is worth a line of its own."""


class ProgressLines:
    """Listens to the engine from many threads, prints whole lines to standard error."""

    def __init__(self, style: Style, *, verbose: bool) -> None:
        self._style = style
        self._verbose = verbose
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Print what is worth it."""
        text = self._text(event)
        if text:
            with self._lock:
                note(text)

    def _text(self, event: Event) -> str:
        match event:
            case HostReached(host, seconds, error):
                if error:
                    return f"{self._style('x', 'red')} {host}: {error}"
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
            case Progress(text):
                return f"  {text}"
        return ""


def run_text(result: RunResult, style: Style) -> str:
    """How an apply ended: what failed with what the host said, what was done, what was not."""
    lines: list[str] = []
    for host in result.failed:
        lines += _failed(host, style)
    if result.not_started:
        lines.append(f"not started: {', '.join(result.not_started)}")
    channels = ", ".join(f"{host} {count}" for host, count in result.channels.items())
    word = _verdict(result, style)
    lines.append(
        f"{word}: {result.changed} changes in {result.seconds:.1f} s (SSH channels: {channels})"
    )
    if not result.ok:
        mended = "" if result.interrupted else " after mending"
        lines.append(f"Run the same command again{mended}: it goes on where it stopped.")
    return "\n".join(lines)


def _verdict(result: RunResult, style: Style) -> str:
    if result.interrupted:
        return style("interrupted", "red")
    return style("done", "green") if result.ok else style("not done", "red")


def _failed(host: HostResult, style: Style) -> Iterator[str]:
    head = style("failed:", "red")
    if host.error:
        yield f"{head} {host.host} ({host.phase}): {host.error}"
    for result in host.results:
        if result.outcome in (Outcome.FAILED, Outcome.STALE):
            yield f"{head} {style(host.host, 'bold')} {result.id}"
            yield from (f"    {line}" for line in result.message.splitlines())
    done = sum(result.outcome is Outcome.OK for result in host.results)
    left = sum(result.outcome is Outcome.NOT_RUN for result in host.results)
    yield f"    {host.host}: {done} changes were done before that, {left} were not run"
