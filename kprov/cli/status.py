"""`kprov status`: one look at every host: units, drift, certificates, leases, security benchmark.

Changes nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from kprov.cli.cluster import opened
from kprov.cli.common import host_options, load_inventory, output_option, print_json, stdout_style
from kprov.core.benchmark.judge import verdicts
from kprov.core.etcd import members
from kprov.engine.gather import Look
from kprov.engine.session import Session
from kprov.model.benchmark import Verdict
from kprov.model.errors import InputError
from kprov.model.plan import Plan
from kprov.ui.benchmark_text import benchmark_lines
from kprov.ui.change_words import describe
from kprov.ui.style import Style, note, out
from kprov.ui.table import table


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    host_options(parser)
    output_option(parser)
    parser.add_argument(
        "--cis", action="store_true",
        help="every check of the CIS Kubernetes Benchmark about nodes and control planes, with "
        "evidence from the hosts; -v shows those that pass as well",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Exit code 0 all well, 2 drift or a failed check of the benchmark, 1 a host out of reach."""
    inventory = load_inventory(args)
    if inventory.cluster.provider != "ssh":
        from kprov.cli import managed

        return managed.status(args, inventory)
    with opened(args, inventory) as it:
        look = it.look(security=args.cis)
        session = it.session.seen(look)
        plan = _plan(session, look)
    found = _benchmark(session) if args.cis else {}
    if args.output == "json":
        print_json(_data(session, look, plan, found))
    else:
        _print(session, look, plan, stdout_style())
        for line in benchmark_lines(found, stdout_style(), verbose=args.verbose):
            out(line)
    if look.errors:
        return 1
    failed = any(verdict.status == "fail" for its in found.values() for verdict in its)
    return 2 if failed or not plan.empty else 0


def _benchmark(session: Session) -> Mapping[str, Sequence[Verdict]]:
    """Verdicts of every host that was reached."""
    return {
        host.name: verdicts(session.inventory, host, session.world.facts[host.name])
        for host in session.hosts if host.name in session.world.facts
    }  # fmt: skip


def _plan(session: Session, look: Look) -> Plan:
    """What would be done; nothing where that needs a host which is out of reach."""
    try:
        return session.plan()
    except InputError as error:
        if not look.errors:
            raise
        note(f"drift is not known while hosts are out of reach: {error.problem.what}")
        return Plan()


def _units(session: Session, host: str) -> dict[str, str]:
    """Unit name to `running` or what it is instead."""
    observed = session.world.facts[host].observed
    states = {}
    for name, state in observed.items():
        kind, _, unit = name.partition(":")
        if kind == "unit":
            running = bool(state and state.get("running"))
            states[unit.removesuffix(".service")] = "running" if running else "not running"
    return states


def _drift(plan: Plan, host: str) -> list[tuple[str, str]]:
    return [
        (change.id, describe(change))
        for step in plan.steps if step.host == host for change in step.changes
    ]  # fmt: skip


def _print(session: Session, look: Look, plan: Plan, style: Style) -> None:
    rows = []
    for host in session.hosts:
        if host.name in look.errors:
            rows.append(
                (host.name, "-", "-", f"out of reach: {look.errors[host.name].problem.what}")
            )
            continue
        facts = session.world.facts[host.name]
        units = _units(session, host.name)
        down = [name for name, state in units.items() if state != "running"]
        running = f"{len(units) - len(down)}/{len(units)}"
        lease = f"; leased to {facts.lease.owner}" if facts.lease else ""
        drift = _drift(plan, host.name)
        words = f"{len(drift)} changes needed" if drift else "as it should be"
        rows.append((host.name, running, facts.get("os_name"), f"{words}{lease}"))
    out(table(("host", "units", "system", "state"), rows, style))
    for host in session.hosts:
        for name, words in _drift(plan, host.name):
            out(f"  {style(host.name, 'bold')} {name}: {words}")
    for line in _etcd(session, style):
        out(line)
    out(_certificates(session, style))


def _etcd(session: Session, style: Style) -> Iterator[str]:
    """How many members etcd has, who is not well, and who is not in the inventory any more."""
    found = members(session.world.facts.values())
    if not found:
        return
    bad = [its.name or f"{its.id} (never started)" for its in found if not its.healthy]
    text = f"etcd: {len(found) - len(bad)} of {len(found)} members are healthy"
    yield style(f"{text}; not: {', '.join(bad)}", "red") if bad else text
    hosts = {host.name for host in session.inventory.etcd}
    for its in found:
        if its.name and its.name not in hosts:
            words = f"etcd: member {its.name} is no etcd host of the inventory; to remove it: "
            yield style(f"{words}etcdctl member remove {its.id}", "yellow")


def _certificates(session: Session, style: Style) -> str:
    """When the first certificate ends."""
    ends = session.material.certificate_ends()
    if not ends:
        return "No certificates yet."
    name, end = min(ends.items(), key=lambda item: item[1])
    days = (end - datetime.now(UTC)).days
    text = f"{len(ends)} certificates; the first to end is {name}, in {days} days ({end:%Y-%m-%d})"
    return style(text, "yellow") if days < 90 else text


def _data(
    session: Session, look: Look, plan: Plan, found: Mapping[str, Sequence[Verdict]]
) -> dict[str, object]:
    hosts: dict[str, object] = {}
    for host in session.hosts:
        if host.name in look.errors:
            problem = look.errors[host.name].problem
            hosts[host.name] = {"reached": False, "error": problem.what, "hint": problem.hint}
            continue
        facts = session.world.facts[host.name]
        hosts[host.name] = {
            "reached": True,
            "facts": dict(facts.base),
            "units": _units(session, host.name),
            "drift": [{"id": name, "what": words} for name, words in _drift(plan, host.name)],
            "lease": facts.lease.owner if facts.lease else None,
            **({"cis": [asdict(its) for its in found[host.name]]} if found else {}),
        }
    ends = session.material.certificate_ends()
    etcd = [
        {"id": its.id, "name": its.name, "healthy": its.healthy, "learner": its.learner}
        for its in members(session.world.facts.values())
    ]
    return {
        "cluster": session.inventory.cluster.name,
        "drift": not plan.empty,
        "hosts": hosts,
        "etcd": etcd,
        "certificates": {name: end.isoformat() for name, end in sorted(ends.items())},
    }
