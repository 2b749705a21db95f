"""Runs the table of checks against a cluster, side by side, and cleans up whatever happens."""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from kprov.engine.verify import fleet, throwaway
from kprov.engine.verify.api import Api
from kprov.engine.verify.ground import Ground, judge_nodes, look_at_nodes, look_at_server
from kprov.engine.verify.parallel import outcomes
from kprov.engine.verify.session import Server, Session
from kprov.engine.verify.table import CHECKS, Check
from kprov.engine.verify.values import CheckFailed, CheckNotRun, CheckResult, VerifyOptions
from kprov.model.errors import InputError, KprovError

T = TypeVar("T")
Report = Callable[[CheckResult], None]

_AT_ONCE = 24
_ACCOUNT_SECONDS = 30.0
_GRACE = 30.0


def run_checks(kubeconfig: Path, options: VerifyOptions, report: Report) -> tuple[CheckResult, ...]:
    """Verify the cluster of a kubeconfig; `report` gets each result as it comes, in this thread.

    The results come back in the table's order, with `api`, `nodes`, `namespace` before them and
    `cleanup` after them; when one of the first fails that everything rests on, it is the last.
    What was made on the cluster is deleted in any case, also on KeyboardInterrupt, which is passed
    on. Raises InputError for an unusable kubeconfig or an unknown name in `options.only`.
    """
    checks = choose(options.only)
    api = Api.connect(kubeconfig, context=options.context, timeout=options.request_timeout)
    run = _Run(api, options, report)
    run.everything(checks)
    return tuple(run.results)


def choose(only: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks of those names, in the table's order; all for none. Raises InputError."""
    known = [check.name for check in CHECKS]
    for name in only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise InputError(
                f"there is no check {name!r}",
                hint=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}",
            )
    return tuple(check for check in CHECKS if not only or check.name in only)


def result_of(name: str, title: str, seconds: float, outcome: str | Exception) -> CheckResult:
    """The result of a check that returned its evidence or raised; raises what nobody foresaw."""
    if isinstance(outcome, str):
        return CheckResult(name, title, "ok", seconds, outcome)
    if isinstance(outcome, CheckNotRun):
        return CheckResult(name, title, "not-run", seconds, str(outcome))
    if isinstance(outcome, CheckFailed):
        return CheckResult(name, title, "failed", seconds, outcome.detail, outcome.hint)
    if isinstance(outcome, KprovError):
        problem = outcome.problem
        detail = f"{problem.where}: {problem.what}" if problem.where else problem.what
        return CheckResult(name, title, "failed", seconds, detail, problem.hint)
    if isinstance(outcome, TimeoutError):
        return CheckResult(name, title, "failed", seconds, str(outcome))
    raise outcome


@dataclass(slots=True)
class _Run:
    """One verification in progress."""

    api: Api
    options: VerifyOptions
    report: Report
    results: list[CheckResult] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def everything(self, checks: tuple[Check, ...]) -> None:
        """Run the stages one after the other, the checks side by side."""
        server = self._stage(
            "api", "API answers", partial(look_at_server, self.api), lambda found: found.version
        )
        if server is None:
            return
        look = partial(look_at_nodes, self.api, self.options.node_timeout)
        ground = self._stage("nodes", "Nodes are Ready", look, judge_nodes)
        if ground is None:
            return
        namespace = throwaway.new_name()
        try:
            session = self._prepare(server, ground, namespace, checks)
            if session is not None:
                self._run_all(session, checks, takes_pods=ground.takes_pods)
        except BaseException:
            self._clean_up(namespace, wait=0.0)
            raise
        self._clean_up(namespace, wait=self.options.wait_cleanup)

    def _prepare(
        self, server: Server, ground: Ground, namespace: str, checks: tuple[Check, ...]
    ) -> Session | None:
        """Make the namespace and the pods that checks share."""
        session = Session(
            api=self.api,
            server=server,
            namespace=namespace,
            options=self.options,
            nodes=ground.nodes,
            tolerations=ground.tolerations,
            cancelled=self.cancelled,
        )

        def make() -> str:
            evidence = throwaway.make(self.api, namespace, _ACCOUNT_SECONDS)
            if ground.takes_pods and any(check.needs == "fleet" for check in checks):
                fleet.launch(session)
            return evidence

        made = self._stage("namespace", "Namespace and service account are made", make, str)
        return session if made else None

    def _run_all(self, session: Session, checks: tuple[Check, ...], *, takes_pods: bool) -> None:
        first = len(self.results)
        possible = [check for check in checks if takes_pods or check.needs == "api"]
        for check in checks:
            if check not in possible:
                reason = CheckNotRun("no node takes pods")
                self._add(result_of(check.name, check.title, 0.0, reason))
        jobs = [partial(_timed, check, session) for check in possible]
        patience = self.options.timeout + _GRACE
        for index, outcome in outcomes(jobs, limit=_AT_ONCE, patience=patience):
            seconds, found = (patience, outcome) if isinstance(outcome, Exception) else outcome
            self._add(result_of(possible[index].name, possible[index].title, seconds, found))
        order = [check.name for check in checks]
        self.results[first:] = sorted(
            self.results[first:], key=lambda result: order.index(result.name)
        )

    def _clean_up(self, namespace: str, *, wait: float) -> None:
        """Delete what was made, and wait that many seconds at most for it to be gone."""
        self.cancelled.set()
        work = partial(throwaway.remove, self.api, namespace, wait)
        self._stage(
            "cleanup", "Cleaned up", work, str, hint=f"kubectl delete namespace {namespace}"
        )

    def _stage(
        self,
        name: str,
        title: str,
        work: Callable[[], T],
        evidence: Callable[[T], str],
        hint: str = "",
    ) -> T | None:
        """Do something and report it; what it found comes back even if the evidence is bad."""
        started = time.monotonic()
        found: T | None = None
        outcome: str | Exception
        try:
            found = work()
            outcome = evidence(found)
        except (KprovError, CheckFailed) as error:
            outcome = error
        self._add(result_of(name, title, time.monotonic() - started, outcome), hint)
        return found

    def _add(self, result: CheckResult, hint: str = "") -> None:
        if result.status == "failed" and hint:
            result = replace(result, hint=hint)
        self.results.append(result)
        self.report(result)


def _timed(check: Check, session: Session) -> tuple[float, str | Exception]:
    """Run one check; its verdict comes back as a value, with the seconds it took."""
    started = time.monotonic()
    outcome: str | Exception
    try:
        outcome = check.run(session.for_check())
    except (CheckFailed, CheckNotRun, KprovError) as error:
        outcome = error
    return time.monotonic() - started, outcome
