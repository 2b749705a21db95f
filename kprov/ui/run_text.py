"""How an apply ended, in words: what failed and why, what was done on each host, what was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kprov.model.result import ChangeResult, HostResult, Outcome, RunResult
from kprov.ui.style import Style, harmless

AGAIN = "Run the same command again"
MOST_HOSTS = 20
"""With more hosts than this, those that are done are only counted."""
_BAD = (Outcome.FAILED, Outcome.STALE)


def run_text(result: RunResult, style: Style, *, again: str = AGAIN) -> str:
    """The report after an apply; `again`: what a person does to go on where it stopped."""
    lines: list[str] = []
    if not result.ok:
        lines += _failures(result, style)
        lines += _by_host(result)
    channels = ", ".join(f"{host} {count}" for host, count in sorted(result.channels.items()))
    lines.append(
        f"{_verdict(result, style)}: {result.changed} changes in {result.seconds:.1f} s"
        + (f" (SSH channels: {channels})" if channels else "")
    )
    if not result.ok:
        mended = "" if result.interrupted else " after mending"
        lines.append(f"{again}{mended}: it goes on where it stopped.")
    return "\n".join(lines)


def _verdict(result: RunResult, style: Style) -> str:
    if result.interrupted:
        return style("interrupted", "red")
    return style("done", "green") if result.ok else style("not done", "red")


def _failures(result: RunResult, style: Style) -> Iterator[str]:
    """Each with what the host said; what several hosts say alike is said once."""
    head = style("failed:", "red")
    said: dict[tuple[str, str], str] = {}
    for step in result.failed:
        name = style(step.host, "bold")
        bad = [its for its in step.results if its.outcome in _BAD]
        for change in bad:
            message = harmless(change.message)
            first = said.setdefault((change.id, message.partition("\n")[0]), step.host)
            if first != step.host:
                yield f"{head} {name} {change.id}, as on {first}"
                continue
            yield f"{head} {name} {change.id}"
            yield from (f"    {line}" for line in message.splitlines())
        if step.error and not result.interrupted:
            what, *more = harmless(step.error).removeprefix(f"{step.host}: ").splitlines()
            yield f"{head} {name}: {what}"
            yield from more


@dataclass(slots=True)
class _Tally:
    """What became of one host's work."""

    done: int = 0
    left: int = 0
    at: str = ""
    waiting: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not (self.left or self.at or self.waiting)


def _by_host(result: RunResult) -> Iterator[str]:
    tallies: dict[str, _Tally] = {}
    for step in result.hosts:
        _count(tallies.setdefault(step.host, _Tally()), step, interrupted=result.interrupted)
    for text in result.not_started:
        phase, _, host = text.rpartition(" on ")
        tally = tallies.setdefault(host, _Tally())
        tally.waiting = (*tally.waiting, phase)
    brief = len(tallies) > MOST_HOSTS
    for host, tally in tallies.items():
        if not (brief and tally.whole):
            yield f"  {host}: {', '.join(_words(tally))}"
    whole = sum(tally.whole for tally in tallies.values())
    if brief and whole:
        yield f"  {whole} other hosts: all done"


def _count(tally: _Tally, step: HostResult, *, interrupted: bool) -> None:
    tally.done += sum(its.outcome in (Outcome.OK, Outcome.UNCHANGED) for its in step.results)
    tally.left += sum(its.outcome is Outcome.NOT_RUN for its in step.results)
    if not step.ok:
        tally.at = _at(step.results, "interrupted" if interrupted else "ended")


def _at(results: Sequence[ChangeResult], how: str) -> str:
    bad = next((its for its in results if its.outcome in _BAD), None)
    if bad is not None:
        return f"{bad.id} {bad.outcome.value}"
    cut = next((its for its in results if its.outcome is Outcome.NOT_RUN), None)
    return f"{how} at {cut.id}" if cut else how


def _words(tally: _Tally) -> Iterator[str]:
    if tally.whole:
        yield f"all {tally.done} changes done"
    else:
        yield f"{tally.done} changes done" if tally.done else "nothing done"
    if tally.at:
        yield tally.at
    if tally.left:
        yield f"{tally.left} not reached"
    if tally.waiting:
        yield f"not started: {', '.join(tally.waiting)}"
