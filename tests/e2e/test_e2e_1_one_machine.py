"""One machine with everything on it, for every Kubernetes release of the mirror: from nothing to
a cluster, through drift, back to nothing, and up again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kprov.engine.phases import PHASES
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply
from tests.e2e.steps import converged, unchanged, verified

HOST, ADDRESS = "n1", "10.97.101.11"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, every_supply: Supply) -> Iterator[Site]:
    """One booted machine, and an inventory as inventories/local.yaml."""
    with machines(every_supply, "e2e-one", {HOST: ADDRESS}) as site:
        site.write({
            "cluster": every_supply.cluster("e2e-one", local={}),
            "all": {"children": {
                "kube_control_plane": {"hosts": {HOST: {"ansible_host": ADDRESS}}},
                "kube_node": {"hosts": {HOST: {}}},
            }},
        })  # fmt: skip
        yield site


def test_check_and_plan_touch_nothing(site: Site):
    """`check` finds the host fit, `plan` has work to do (exit 2); the machine stays as it was."""
    site.memory[HOST] = site.look(HOST)
    site.kprov("check", site.inventory).exits(0).says("1 hosts checked: 0 errors")
    site.kprov("plan", site.inventory, "--no-diff").exits(2).says("unit:kubelet.service")
    site.kprov("status", site.inventory).exits(2)
    site.look(HOST).same_as(site.memory[HOST])


def test_apply_asks(site: Site):
    """Without a terminal and without --yes nothing is done: exit 3."""
    site.kprov("apply", site.inventory).exits(3).says("no terminal", "--yes")


def test_apply(site: Site):
    """One apply makes the cluster: a look, a delivery, and one payload for all phases."""
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["ok"]
    assert done.data["channels"] == {HOST: 3}
    assert done.data["channels"][HOST] <= 1 + len(PHASES) + 1


def test_verify(site: Site):
    """The cluster does its work; only DNS may be left out, for lack of its image."""
    verified(site)


def test_second_apply(site: Site):
    """Nothing to do: no change and exactly one SSH channel; plan and status exit 0."""
    unchanged(site)
    site.kprov("status", site.inventory).exits(0).says("as it should be")


def test_drift_is_shown(site: Site):
    """What somebody changed by hand is in the plan by name, with what restarts for it: exit 2."""
    site.run(HOST, """
        echo '# by hand' >>/etc/systemd/system/kube-scheduler.service
        systemctl daemon-reload
        systemctl stop kube-proxy.service
        sysctl -qw net.ipv4.ip_forward=0
        rm /etc/kubernetes/pki/kubelet-serving.crt
        echo '# by hand' >>/etc/containerd/config.toml
    """)  # fmt: skip
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says(
        "file:/etc/systemd/system/kube-scheduler.service",
        "-# by hand",
        "unit:kube-scheduler.service restart, because of",
        "unit:kube-proxy.service start, because it does not run",
        "sysctl:net.ipv4.ip_forward",
        "/etc/kubernetes/pki/kubelet-serving.crt",
        "unit:kubelet.service restart, because of",
        "file:/etc/containerd/config.toml",
        "unit:containerd.service restart, because of file:/etc/containerd/config.toml",
    )
    for untouched in ("etcd.service", "kube-apiserver.service", "kube-controller-manager.service"):
        assert f"unit:{untouched}" not in plan.out
    status = site.kprov("status", site.inventory).exits(2)
    status.says("kube-proxy.service", "net.ipv4.ip_forward", "kube-scheduler.service")


def test_drift_is_repaired(site: Site):
    """Apply puts it right, restarts what it said, and leaves the rest alone."""
    since = "systemctl show -P ActiveEnterTimestampMonotonic {}"
    before = site.run(HOST, since.format("etcd.service kube-apiserver.service"))
    done = converged(site)
    assert done.data["channels"] == {HOST: 2}, "a look and one payload"
    assert site.run(HOST, since.format("etcd.service kube-apiserver.service")) == before
    assert site.run(HOST, "sysctl -n net.ipv4.ip_forward").strip() == "1"
    assert "by hand" not in site.run(HOST, "cat /etc/containerd/config.toml")
    units = "containerd kubelet kube-proxy kube-scheduler"
    states = site.run(HOST, f"systemctl is-active {units}").split()
    assert states == ["active"] * 4
    verified(site, "pod")


def test_reset(site: Site):
    """`reset` leaves the machine as it was before the first apply; SSH keeps working."""
    site.kprov("reset", site.inventory, "--yes").exits(0).says(HOST)
    site.look(HOST).same_as(site.memory[HOST])
    site.kprov("reset", site.inventory, "--yes").exits(0)


def test_apply_after_reset(site: Site):
    """The state folder can make the cluster again, with the same certificates."""
    converged(site)
    verified(site, "pod")
