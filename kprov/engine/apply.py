"""Apply: run a plan, every step as soon as what it needs has worked. One channel per step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from kprov.engine.connections import Connections
from kprov.engine.deliver import Pack, deliver, missing, wanted
from kprov.engine.fanout import MOST_AT_ONCE
from kprov.model.errors import KprovError, LeaseHeldError
from kprov.model.events import ChangeDone, Event, Progress, StepDone, StepStarted
from kprov.model.facts import Facts
from kprov.model.plan import Plan, Step
from kprov.model.result import ChangeResult, HostResult, Outcome, RunResult
from kprov.sh.archive import BOOT
from kprov.sh.payload import LeaseHeld, LeaseTerms, PayloadEnd, payload_bundle, read_line

ENDED_EARLY = (
    "the payload ended before its time\n"
    "    was the host restarted, or out of memory? its journal says: journalctl -e"
)
PACKERS = 2
"""Files that are fetched and compressed at the same time for one host."""


@dataclass(frozen=True, slots=True)
class Apply:
    """Everything that running a plan needs."""

    plan: Plan
    facts: Mapping[str, Facts]
    connections: Connections
    lease: LeaseTerms
    pack: Pack
    emit: Callable[[Event], None]


@dataclass(slots=True)
class _Progress:
    """Where a run is."""

    done: dict[int, HostResult] = field(default_factory=dict)
    running: dict[Future[HostResult], Step] = field(default_factory=dict)


def run(work: Apply) -> RunResult:
    """Run the plan. Steps that need a failed one are not started; what runs is let finish.

    Ctrl-C cuts off what runs and starts nothing more; the result says how far everything got.
    """
    start = time.monotonic()
    progress = _Progress()
    interrupted = False
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        try:
            _run_steps(work, progress, pool)
        except KeyboardInterrupt:
            interrupted = True
            work.connections.abort()
            _gather_ended(progress, progress.running)
    left = [step for step in work.plan.steps if step.number not in progress.done]
    return RunResult(
        hosts=tuple(progress.done[number] for number in sorted(progress.done)),
        not_started=tuple(f"{step.phase} on {step.host}" for step in left),
        channels=work.connections.channels,
        seconds=time.monotonic() - start,
        interrupted=interrupted,
    )


def _run_steps(work: Apply, progress: _Progress, pool: ThreadPoolExecutor) -> None:
    while True:
        for step in _ready(work.plan, progress):
            progress.running[pool.submit(_step, step, work)] = step
        if not progress.running:
            return
        ended, _ = wait(progress.running, return_when=FIRST_COMPLETED)
        _gather_ended(progress, ended)


def _gather_ended(progress: _Progress, ended: Iterable[Future[HostResult]]) -> None:
    for future in tuple(ended):
        progress.done[progress.running[future].number] = future.result()
        del progress.running[future]


def _ready(plan: Plan, progress: _Progress) -> list[Step]:
    started = set(progress.done) | {step.number for step in progress.running.values()}
    worked = {number for number, result in progress.done.items() if result.ok}
    return [step for step in plan.steps if step.number not in started and step.needs <= worked]


def _step(step: Step, work: Apply) -> HostResult:
    """One payload; whatever goes wrong becomes part of the result."""
    start = time.monotonic()
    work.emit(StepStarted(step.phase, step.host, len(step.changes)))
    results: list[ChangeResult] = []
    error, busy = "", False
    try:
        _deliver_once(step, work)
        error = _stream(step, work, results)
    except KprovError as problem:
        busy = isinstance(problem, LeaseHeldError)
        failed = any(result.outcome in (Outcome.FAILED, Outcome.STALE) for result in results)
        error = "" if failed else str(problem)
    reported = {result.id for result in results}
    left = [c for c in step.changes if c.id not in reported]
    results += [ChangeResult(change.id, Outcome.NOT_RUN) for change in left]
    seconds = time.monotonic() - start
    result = HostResult(step.host, step.phase, tuple(results), error, seconds, busy)
    work.emit(StepDone(result))
    return result


def _deliver_once(step: Step, work: Apply) -> None:
    """All that a host needs travels before its first step."""
    first = next(its.number for its in work.plan.steps if its.host == step.host)
    if step.number == first:

        def tell(text: str) -> None:
            work.connections.check()
            if text:
                work.emit(Progress(text))

        with ThreadPoolExecutor(PACKERS) as pool:
            digests = wanted(work.plan, step.host)
            parcels = list(pool.map(lambda digest: work.pack(digest, tell), digests))
        deliver(step.host, missing(parcels, work.facts[step.host]), work.connections)


def _stream(step: Step, work: Apply, results: list[ChangeResult]) -> str:
    """Send the payload, listen to its report; returns what is wrong when its end is missing."""
    lease = replace(work.lease, last=step.number in work.plan.last_steps())
    payload = payload_bundle(step.changes, lease)
    complete = False
    for line in work.connections.to(step.host).stream([payload], boot=BOOT):
        match read_line(line, step.changes):
            case ChangeResult() as result:
                results.append(result)
                work.emit(ChangeDone(step.phase, step.host, result))
            case LeaseHeld(owner, expires):
                raise held(step.host, owner, expires)
            case PayloadEnd():
                complete = True
    return "" if complete else ENDED_EARLY


def held(host: str, owner: str, expires: int) -> LeaseHeldError:
    """The error that another apply is at work."""
    until = time.strftime("%H:%M:%S", time.localtime(expires))
    return LeaseHeldError(
        f"another apply is at work: {owner}", where=host,
        hint=f"its lease runs out at {until} if it does not renew it; --steal-lease takes it over",
    )  # fmt: skip
