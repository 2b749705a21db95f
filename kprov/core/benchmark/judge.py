"""Hosts to verdicts. Pure."""

from __future__ import annotations

from dataclasses import replace

from kprov.core.benchmark.subject import Subject
from kprov.core.benchmark.table import CHECKS, Check, Place
from kprov.model.benchmark import Verdict
from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory


def verdicts(inventory: Inventory, host: Host, facts: Facts) -> tuple[Verdict, ...]:
    """Every check of the table on one host, for which a look has asked (`facts.seen`)."""
    assert facts.seen is not None
    subject = Subject(facts.get("hostname"), inventory.cluster, facts.seen, facts.contents)
    places = _places(inventory, host)
    return tuple(_verdict(check, subject, places) for check in CHECKS)


def _places(inventory: Inventory, host: Host) -> frozenset[Place]:
    found: dict[Place, bool] = {
        "control-plane": host in inventory.control_planes,
        "etcd": host in inventory.etcd,
        "node": host in inventory.nodes,
    }
    return frozenset(place for place, here in found.items() if here)


def _verdict(check: Check, subject: Subject, places: frozenset[Place]) -> Verdict:
    scored = check.weight == "scored"
    made = Verdict(check.id, check.title, scored, "n/a", f"the host is no {check.on}")
    if check.on not in places:
        return made
    if check.id.startswith("4.3") and subject.cluster.network.proxy == "none":
        return replace(made, evidence="`cluster.network.proxy` is none")
    status, evidence = check.rule.judge(subject)
    return replace(made, status=status, evidence=evidence)
