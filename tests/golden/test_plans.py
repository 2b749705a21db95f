"""Plans as a person reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kprov.core.order import with_inputs
from kprov.engine.desired import desired, flat, make_plan
from kprov.engine.values import World
from kprov.model.facts import Facts
from kprov.ui.plan_text import plan_text
from kprov.ui.style import Style
from tests.golden.golden import compare
from tests.golden.world import looked_at_nothing, product, world

HERE = Path(__file__).parent
INVENTORIES = HERE.parent.parent / "inventories"
VERSION = "cluster.kubernetes=v1.36.2"


def as_it_should_be(its: World) -> World:
    """The world after an apply: every resource observed as expected."""
    made = product(its)
    facts = {}
    for host in its.inventory.members:
        wanted = with_inputs(flat(desired(made, its, host)))
        looked_at = flat(desired(made, replace(its, facts={}), host))
        observed = {r.id: r.expected for r in (*looked_at, *wanted)}
        facts[host.name] = replace(its.facts[host.name], observed=observed)
    return replace(its, facts=facts)


def shown(its: World) -> str:
    """The plan's text without colours."""
    plan = make_plan(product(its), its, its.inventory.members)
    return plan_text(plan, Style(color=False)) + "\n"


def test_fresh_machines() -> None:
    """One control plane and two workers, nothing there yet."""
    its = looked_at_nothing(world(INVENTORIES / "local-workers.yaml", [VERSION], {}))
    compare(HERE / "plans" / "fresh-workers.txt", shown(its))


def test_nothing_to_do() -> None:
    """After an apply."""
    its = as_it_should_be(world(INVENTORIES / "local-workers.yaml", [VERSION], {}))
    compare(HERE / "plans" / "nothing.txt", shown(its))


def test_fresh_control_planes() -> None:
    """Three control planes and two workers: etcd forms at once, then the control planes start."""
    its = looked_at_nothing(world(INVENTORIES / "local-ha.yaml", [VERSION], {}))
    compare(HERE / "plans" / "fresh-ha.txt", shown(its))


def test_a_replaced_control_plane() -> None:
    """An empty machine of a member's name joins as a learner; the others have nothing to do."""
    its = as_it_should_be(world(INVENTORIES / "local-ha.yaml", [VERSION], {"etcd_has_data": "yes"}))
    unseen = replace(its, facts={})
    superset = flat(desired(product(its), unseen, its.inventory.host("cp1")))
    empty = world(INVENTORIES / "local-ha.yaml", [VERSION], {}).facts["cp1"]
    empty = replace(empty, observed=dict.fromkeys(resource.id for resource in superset))
    its = replace(its, facts={**its.facts, "cp1": empty})
    compare(HERE / "plans" / "ha-replaced.txt", shown(its))


def test_a_flag_of_running_control_planes_changes_one_by_one() -> None:
    """Each waits for the one before it to be ready again."""
    before = as_it_should_be(world(INVENTORIES / "local-ha.yaml", [VERSION], {}))
    flag = "cluster.kube_apiserver.extra_args.event-ttl=2h"
    after = world(INVENTORIES / "local-ha.yaml", [VERSION, flag], {})
    compare(HERE / "plans" / "ha-flag.txt", shown(replace(after, facts=before.facts)))


def test_drift() -> None:
    """A hand-edited unit file, a stopped service, a changed sysctl, a deleted certificate."""
    its = as_it_should_be(world(INVENTORIES / "local.yaml", [VERSION], {}))
    before: Facts = its.facts["n1"]
    observed = dict(before.observed)
    unit_file = "file:/etc/systemd/system/kubelet.service"
    observed[unit_file] = {**(observed[unit_file] or {}), "sha256": "f" * 64}
    stopped = "unit:kube-scheduler.service"
    observed[stopped] = {**(observed[stopped] or {}), "running": False}
    observed["sysctl:net.ipv4.ip_forward"] = {"value": "0"}
    observed["file:/etc/kubernetes/pki/kubelet-serving.crt"] = None
    contents = {"/etc/systemd/system/kubelet.service": b"[Unit]\nDescription=mine\n"}
    facts = replace(before, observed=observed, contents=contents)
    compare(HERE / "plans" / "drift.txt", shown(replace(its, facts={"n1": facts})))


def test_an_upgrade_restarts_control_planes_first_then_nodes() -> None:
    """Another version: what is installed, what is restarted, and why."""
    before = as_it_should_be(world(INVENTORIES / "local.yaml", [VERSION], {}))
    after = world(INVENTORIES / "local.yaml", ["cluster.kubernetes=v1.36.3"], {})
    compare(HERE / "plans" / "upgrade.txt", shown(replace(after, facts=before.facts)))
