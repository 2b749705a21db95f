"""One machine with everything on it, for every Kubernetes release of the mirror: from nothing to
a cluster, through drift, back to nothing, and up again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml

from kprov.engine.phases import PHASES
from tests.azure.emulator import Emulator, stand_in
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.steps import converged, unchanged, verified

HOST, ADDRESS = "n1", "10.97.101.11"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, every_supply: Supply) -> Iterator[Site]:
    """One booted machine, and an inventory as inventories/local.yaml."""
    with machines(every_supply, "e2e-one", {HOST: ADDRESS}) as site:
        site.write(
            one_machine(every_supply.cluster("e2e-one", local={}), HOST, {"ansible_host": ADDRESS})
        )
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
    """One apply makes the cluster: a look, etcd's disk, a delivery, one payload for all phases."""
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["ok"]
    assert done.data["channels"] == {HOST: 4}
    assert done.data["channels"][HOST] <= 1 + len(PHASES) + 1


def test_verify(site: Site):
    """The cluster does its work; only DNS may be left out, for lack of its image."""
    verified(site)


def test_second_apply(site: Site):
    """Nothing to do: no change and exactly one SSH channel; plan and status exit 0."""
    unchanged(site)
    site.kprov("status", site.inventory).exits(0).says("as it should be")


def test_a_managed_cluster_hands_out_this_api(site: Site):
    """AKS of an emulated Azure with this API server: its kubeconfig is the one `verify` goes by."""
    config = site.directory / "admin.conf"
    site.kprov("kubeconfig", site.inventory, "--file", config).exits(0)
    with Emulator(kubeconfig=stand_in(config)) as azure:
        managed = site.write({"cluster": {
            "name": "prod",
            "provider": "aks",
            "azure": {
                "subscription": azure.subscription,
                "resource_group": {"name": "rg", "location": "westeurope", "create": True},
                "credential": {"kind": "secret"},
                "endpoint": azure.endpoint,
                "ca_file": str(azure.ca_file),
            },
            "pools": [
                {"name": "system", "mode": "System", "vm_size": "Standard_D4ds_v5", "count": 1},
            ],
        }}, "aks.yaml")  # fmt: skip
        kprov = replace(site.kprov, extra={**site.kprov.extra, **azure.environment})
        kprov("apply", managed, "--yes").exits(0)
        served = yaml.safe_load(kprov("kubeconfig", managed).exits(0).out)
        given = yaml.safe_load(config.read_text())
        assert served["clusters"][0]["cluster"] == given["clusters"][0]["cluster"]
        words = ["-o", "json", "--only", "pod,rbac", "--image", site.supply.images.busybox]
        done = kprov("verify", managed, *words).exits(0)
    assert done.data["ok"]
    assert any(check["status"] == "ok" for check in done.data["checks"])


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
