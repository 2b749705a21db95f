"""What plan, apply, status, verify, kubeconfig and reset call for managed clusters."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kprov.cli import saved_plan
from kprov.cli.common import confirm, print_json, stderr_style, stdout_style
from kprov.cli.listeners import progress_of
from kprov.cli.plan_output import show
from kprov.engine.journal import journalled
from kprov.engine.managed import Managed, open_managed, plans
from kprov.engine.managed_run import apply_managed
from kprov.model.errors import InputError, InterruptedByUser, KprovError
from kprov.model.host import Inventory
from kprov.model.plan import Plan
from kprov.model.result import Outcome, RunResult
from kprov.providers.base import Look
from kprov.state.atomic import write_atomic
from kprov.state.directory import StateDir, open_state
from kprov.ui.change_words import describe
from kprov.ui.plan_text import plan_text
from kprov.ui.run_json import run_data
from kprov.ui.run_text import AGAIN, run_text
from kprov.ui.style import note, out
from kprov.ui.table import table


def opened(args: argparse.Namespace, inventory: Inventory) -> tuple[Managed, StateDir]:
    """The clusters that --limit leaves, and their state folder."""
    state = open_state(args.inventory, inventory.name, args.state)
    return open_managed(inventory, state, getattr(args, "limit", None)), state


def plan(args: argparse.Namespace, inventory: Inventory) -> int:
    """`kprov plan`: exit code 2 when there is something to do."""
    managed, _ = opened(args, inventory)
    made = _plan(args, managed.observe())
    return show(args, made, of="cluster")


def apply(
    args: argparse.Namespace, inventory: Inventory, saved: dict[str, Any] | None, file: Path
) -> int:
    """`kprov apply`: exit code 0 when all is done."""
    managed, state = opened(args, inventory)
    progress = progress_of(args)
    emit = journalled(state.journal, managed.run_id, progress)
    with state.lock(datetime.now(UTC)):
        try:
            managed.settle(progress)
            made = _plan(args, managed.observe())
            if saved is not None:
                saved_plan.same_or_stale(made, saved, file)
            result = RunResult()
            if _agreed(args, made, asked=saved is not None):
                with managed.leases(steal=args.steal_lease):
                    result = apply_managed(managed, made, emit, wait_for_end=not args.no_wait)
        except KeyboardInterrupt:
            managed.stop()
            raise InterruptedByUser(
                "interrupted", hint="run the same command again: it goes on where it stopped"
            ) from None
    return _report(args, made, result)


def status(args: argparse.Namespace, inventory: Inventory) -> int:
    """`kprov status`: exit code 2 when a cluster is not as the inventory says."""
    managed, _ = opened(args, inventory)
    looks = managed.observe()
    try:
        drift = plans(looks, lambda look: look.plan(allow_replace=True))
    except InputError:
        _print_status(looks, Plan(), drift_known=False)
        raise
    if args.output == "json":
        print_json(
            {
                "cluster": inventory.name,
                "drift": not drift.empty,
                "clusters": {name: _status_data(name, look, drift) for name, look in looks.items()},
            }
        )
    else:
        _print_status(looks, drift)
    return 0 if drift.empty else 2


def kubeconfig(args: argparse.Namespace, inventory: Inventory) -> str:
    """The kubeconfig of `kprov kubeconfig`: of all clusters, the first one's context current."""
    if args.user or args.group:
        raise InputError(
            "--user and --group are for clusters over SSH",
            hint="users of AKS sign in with Entra ID: `azure.entra`",
        )
    managed, _ = opened(args, inventory)
    return _kubeconfigs(managed, admin=args.admin)


@contextmanager
def verify_kubeconfig(args: argparse.Namespace, inventory: Inventory) -> Iterator[Path]:
    """A kubeconfig for `kprov verify`, in a private file for as long as it takes."""
    if inventory.clusters:
        raise InputError(
            "there are several clusters in this inventory", where=inventory.path,
            hint="verify one at a time: kprov kubeconfig, then kprov verify --kubeconfig FILE",
        )  # fmt: skip
    managed, _ = opened(args, inventory)
    with tempfile.TemporaryDirectory(prefix="kprov-verify-") as folder:
        path = Path(folder) / "kubeconfig"
        write_atomic(path, _kubeconfigs(managed, admin=None).encode())
        yield path


def reset(args: argparse.Namespace, inventory: Inventory) -> int:
    """`kprov reset`: delete what kprov made, and nothing else."""
    managed, state = opened(args, inventory)
    progress = progress_of(args)
    with state.lock(datetime.now(UTC)):
        managed.settle(progress)
        made = plans(managed.observe(), lambda look: look.removal())
        if made.empty:
            out("Nothing is left of what kprov made.")
            return 0
        note(plan_text(made, stderr_style(), of="cluster"))
        names = ", ".join(managed.providers)
        if not confirm(f"Delete {names} and all that is in it?", yes=args.yes):
            raise KprovError("not reset: the answer was no", hint="nothing was touched")
        emit = journalled(state.journal, managed.run_id, progress)
        with managed.leases(steal=args.steal_lease):
            result = apply_managed(managed, made, emit)
    out(run_text(result, stdout_style()))
    return InterruptedByUser.exit_code if result.interrupted else 0 if result.ok else 1


def _plan(args: argparse.Namespace, looks: Mapping[str, Look]) -> Plan:
    for look in looks.values():
        for text in look.notes:
            note(f"{stderr_style()('note:', 'yellow')} {text}")
    return plans(looks, lambda look: look.plan(allow_replace=args.allow_replace))


def _agreed(args: argparse.Namespace, made: Plan, *, asked: bool) -> bool:
    """Show and ask; False when there is nothing to do."""
    if made.empty or not (asked or args.yes):
        note(plan_text(made, stderr_style(), of="cluster"))
    if made.empty:
        return False
    if not confirm("Apply this plan?", yes=args.yes or asked):
        raise KprovError("not applied: the answer was no", hint="nothing was touched")
    return True


def _report(args: argparse.Namespace, made: Plan, result: RunResult) -> int:
    outcomes = {its.outcome for host in result.hosts for its in host.results}
    begun = args.no_wait and Outcome.FAILED not in outcomes and not result.interrupted
    if args.output == "json":
        print_json({**run_data(made, result), "waited": not args.no_wait})
    elif begun and not result.ok:
        left = made.changes - result.changed
        out(f"begun: {result.changed} changes, {left} to go. {AGAIN} to go on.")
    else:
        out(run_text(result, stdout_style()))
    if result.interrupted:
        return InterruptedByUser.exit_code
    return 0 if result.ok or begun else 1


def _kubeconfigs(managed: Managed, *, admin: bool | None) -> str:
    from kprov.pki.kubeconfig import merge

    text = ""
    for provider in managed.clusters.values():
        text = merge(text, provider.kubeconfig(admin=admin), switch=False)
    return text


def _drift(drift: Plan, cluster: str) -> list[tuple[str, str]]:
    return [
        (change.id, describe(change))
        for step in drift.steps if step.host == cluster for change in step.changes
    ]  # fmt: skip


def _print_status(looks: Mapping[str, Look], drift: Plan, *, drift_known: bool = True) -> None:
    style = stdout_style()
    rows = []
    for name, look in looks.items():
        its, needed = look.status, _drift(drift, name)
        words = f"{len(needed)} changes needed" if needed else "as it should be"
        words = words if drift_known else "cannot become what the inventory says"
        going = f"; in progress: {its.busy}" if its.busy else ""
        lease = f"; leased to {its.lease}" if its.lease else ""
        nodes = sum(pool.nodes for pool in its.pools)
        rows.append((name, its.state, its.version or "-", str(nodes), f"{words}{going}{lease}"))
    out(table(("cluster", "Azure says", "version", "nodes", "state"), rows, style))
    pools = [
        (name, pool.name, pool.state, pool.version, str(pool.nodes), pool.size)
        for name, look in looks.items()
        for pool in look.status.pools
    ]
    if pools:
        out(table(("cluster", "pool", "Azure says", "version", "nodes", "size"), pools, style))
    for name in looks:
        for change, words in _drift(drift, name):
            out(f"  {style(name, 'bold')} {change}: {words}")


def _status_data(name: str, look: Look, drift: Plan) -> dict[str, object]:
    its = look.status
    return {
        "state": its.state,
        "version": its.version or None,
        "busy": its.busy or None,
        "lease": its.lease or None,
        "pools": {
            pool.name: {
                "state": pool.state,
                "version": pool.version,
                "nodes": pool.nodes,
                "size": pool.size,
            }
            for pool in its.pools
        },
        "drift": [{"id": change, "what": words} for change, words in _drift(drift, name)],
    }
