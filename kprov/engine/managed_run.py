"""Applying a plan of managed clusters: a thread for each, its steps one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from kprov.engine.drain import drain
from kprov.engine.managed import Emit, Managed
from kprov.model.change import Action, Change
from kprov.model.errors import InterruptedByUser, KprovError
from kprov.model.events import ChangeDone, Progress, StepDone, StepStarted
from kprov.model.plan import Plan, Step
from kprov.model.result import ChangeResult, HostResult, Outcome, RunResult
from kprov.providers.table import FAILOVER


def apply_managed(
    managed: Managed, plan: Plan, emit: Emit, *, wait_for_end: bool = True
) -> RunResult:
    """Run the plan. What fails keeps the rest of its own cluster from starting, no other's.

    Ctrl-C stops the waiting; what a cloud has begun goes on there, and the next run finds it.
    """
    run = _Run(managed, plan, emit, wait_for_end=wait_for_end)
    start = time.monotonic()
    run.everything()
    left = [step for step in plan.steps if step.number not in run.done]
    return RunResult(
        hosts=tuple(run.done[number] for number in sorted(run.done)),
        not_started=tuple(f"{step.phase} on {step.host}" for step in left),
        seconds=time.monotonic() - start,
        interrupted=run.interrupted,
    )


@dataclass(slots=True)
class _Run:
    managed: Managed
    plan: Plan
    emit: Emit
    wait_for_end: bool
    interrupted: bool = False
    done: dict[int, HostResult] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def everything(self) -> None:
        """Run it all: what leads users to the clusters comes after them, and goes before them."""
        clusters: dict[str, list[Step]] = {}
        for step in self.plan.steps:
            clusters.setdefault(step.host, []).append(step)
        last = clusters.pop(FAILOVER, [])
        removed = [its.action is Action.REMOVE for step in last for its in step.changes]
        waves = [list(clusters.values()), [last]]
        for wave in reversed(waves) if any(removed) else waves:
            if all(result.ok for result in self.done.values()) and not self.interrupted:
                self._side_by_side(wave)

    def _side_by_side(self, clusters: list[list[Step]]) -> None:
        with ThreadPoolExecutor(max(1, len(clusters))) as pool:
            futures = [pool.submit(self._cluster, steps) for steps in clusters]
            try:
                wait(futures)
            except KeyboardInterrupt:
                self.interrupted = True
                self.managed.stop()
        for future in futures:
            future.result()

    def _cluster(self, steps: list[Step]) -> None:
        """One cluster's steps until one fails."""
        for step in steps:
            self.emit(StepStarted(step.phase, step.host, len(step.changes)))
            start = time.monotonic()
            results, go_on = self._changes(step)
            seconds = time.monotonic() - start
            result = HostResult(step.host, step.phase, results, "", seconds)
            with self.lock:
                self.done[step.number] = result
            self.emit(StepDone(result))
            if not go_on:
                return

    def _changes(self, step: Step) -> tuple[tuple[ChangeResult, ...], bool]:
        """What became of each change, and whether the next step may start."""
        results: list[ChangeResult] = []
        go_on = True
        for change in step.changes:
            if not go_on:
                results.append(ChangeResult(change.id, Outcome.NOT_RUN))
                continue
            start = time.monotonic()
            outcome, message = Outcome.OK, ""
            try:
                go_on = self._do(step.host, change)
            except InterruptedByUser:
                outcome, go_on, self.interrupted = Outcome.NOT_RUN, False, True
            except KprovError as error:
                outcome, message, go_on = Outcome.FAILED, _words(error), False
            results.append(ChangeResult(change.id, outcome, message, time.monotonic() - start))
            self.emit(ChangeDone(step.phase, step.host, results[-1]))
        return tuple(results), go_on

    def _do(self, cluster: str, change: Change) -> bool:
        """Whether the change has ended: the next one may start."""
        provider = self.managed.providers[cluster]
        tell = self._teller(cluster)
        selector = change.resource.params.get("drain")
        if selector:
            drain(provider.kubeconfig(admin=None), str(selector), tell)
        return provider.apply(change, tell, wait=self.wait_for_end)

    def _teller(self, cluster: str) -> Callable[[str], None]:
        return lambda text: self.emit(Progress(f"{cluster}: {text}"))


def _words(error: KprovError) -> str:
    return "\n".join(line for its in error.problems for line in (its.what, its.hint) if line)
