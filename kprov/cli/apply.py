"""`kprov apply`: make the cluster what the inventory says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kprov.cli import saved_plan
from kprov.cli.cluster import Opened, findings_of, fit_plan, opened
from kprov.cli.common import (
    confirm,
    host_options,
    load_inventory,
    managed_options,
    output_option,
    print_json,
    skip_option,
    stderr_style,
    stdout_style,
)
from kprov.core.preflight import Finding
from kprov.engine.journal import journalled
from kprov.model.errors import InterruptedByUser, KprovError, LeaseHeldError
from kprov.model.plan import Plan
from kprov.model.result import RunResult
from kprov.ui.findings import finding_lines
from kprov.ui.path_text import path_text
from kprov.ui.plan_text import plan_text
from kprov.ui.run_json import run_data
from kprov.ui.run_text import AGAIN, run_text
from kprov.ui.style import note, out

if TYPE_CHECKING:
    from kprov.engine.session import Session


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    host_options(parser)
    skip_option(parser)
    output_option(parser)
    managed_options(parser)
    parser.add_argument(
        "--no-wait", action="store_true",
        help="managed clusters: begin the next operation and return",
    )  # fmt: skip
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--steal-lease", action="store_true", help="take over the lease of another apply"
    )


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when all is done."""
    saved = saved_plan.read(args.inventory)
    file: Path = args.inventory
    if saved is not None:
        saved_plan.adopt(args, saved)
    inventory = load_inventory(args)
    if inventory.cluster.provider != "ssh":
        from kprov.cli import managed

        return managed.apply(args, inventory, saved, file)
    with opened(args, inventory) as it, it.session.state.lock(datetime.now(UTC)):
        session = it.seen(skip=args.skip_unreachable)
        session.check_lease(steal=args.steal_lease)
        findings = (*findings_of(session), *session.reach(it.connections, fresh=True))
        plan = fit_plan(session, findings)
        if saved is not None:
            saved_plan.same_or_stale(plan, saved, file)
        result = _apply(args, it, session, plan, findings, asked=saved is not None)
        _finish(session)
    if args.output == "json":
        print_json({**run_data(plan, result), "left_out": list(session.left_out)})
    else:
        again = AGAIN if saved is None else "Make a new plan"
        words = path_text(plan, result) if args.verbose else ""
        if words:
            note(words)
        out(run_text(result, stdout_style(), again=again))
        if session.left_out:
            out(f"Not touched, as they could not be reached: {', '.join(session.left_out)}")
    if result.interrupted:
        return InterruptedByUser.exit_code
    if result.busy:
        return LeaseHeldError.exit_code
    return 0 if result.ok and not session.left_out else 1


def _apply(
    args: argparse.Namespace,
    it: Opened,
    session: Session,
    plan: Plan,
    findings: Sequence[Finding],
    *,
    asked: bool,
) -> RunResult:
    """Show, ask, do."""
    if plan.empty:
        note(plan_text(plan, stderr_style()))
        return RunResult(channels=it.connections.channels)
    for line in finding_lines(findings, stderr_style()):
        note(line)
    if not asked and not args.yes:
        note(plan_text(plan, stderr_style()))
    if not confirm("Apply this plan?", yes=args.yes or asked):
        raise KprovError("not applied: the answer was no", hint="nothing was touched")
    emit = journalled(session.state.journal, session.run_id, it.progress)
    return session.apply(plan, it.connections, emit, steal=args.steal_lease)


def _finish(session: Session) -> None:
    """Leave the administrator's kubeconfig in the state folder, unless keys are encrypted there."""
    text = session.kubeconfig()
    session.material.save()
    if not os.environ.get("KPROV_PASSPHRASE"):
        session.state.write_text(session.state.kubeconfig, text)
