"""One control plane and two workers, as inventories/local-workers.yaml, fed by a web server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kprov.engine.phases import PHASES
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply
from tests.e2e.steps import converged, unchanged, verified
from tests.e2e.web import served

HOSTS = {"cp1": "10.97.102.11", "w1": "10.97.102.12", "w2": "10.97.102.13"}
GATEWAY = "10.97.102.1"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """Three machines that download what they need from a mirror on this computer."""
    with (
        machines(supply, "e2e-workers", HOSTS, packages=("curl",)) as site,
        served(supply.mirror, GATEWAY) as mirror,
    ):
        site.write({
            "cluster": supply.cluster(
                "e2e-workers",
                local={},
                artifacts={"mirror": mirror},
                versions=supply.versions(),  # a web server cannot be asked what it has
            ),
            "all": {"children": {
                "kube_control_plane": {"hosts": {"cp1": {"ansible_host": HOSTS["cp1"]}}},
                "kube_node": {"hosts": {
                    "w1": {"ansible_host": HOSTS["w1"]},
                    "w2": {"ansible_host": HOSTS["w2"]},
                }},
            }},
        })  # fmt: skip
        yield site


def test_apply(site: Site):
    """Three machines become a cluster, with no more channels to each than there are phases."""
    site.memory.update(site.look_at_all())
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert set(done.data["channels"]) == set(HOSTS)
    # a look, the image archives, and at most one payload per phase
    assert max(done.data["channels"].values()) <= 1 + 1 + 1 + len(PHASES)
    assert done.data["channels"]["w1"] <= 5, "a look, who is reached, images, runtime, joining"


def test_verify(site: Site):
    """Pods run on the workers and reach each other across them."""
    verified(site)


def test_second_apply(site: Site):
    """Nothing to do: one SSH channel per host."""
    unchanged(site)


def test_drift_on_two_hosts(site: Site):
    """Each host's drift is shown under its own name, --limit leaves the others out; repaired."""
    scheduler = "/etc/systemd/system/kube-scheduler.service"
    site.run("cp1", f"sed -i 's/leader-elect=true/leader-elect=false/' {scheduler}")
    site.run("cp1", "rm /etc/etcd/pki/server.crt")
    site.run("w1", "sed -i 's/maxPods: .*/maxPods: 7/' /etc/kubernetes/kubelet.yaml")
    site.run("w2", "systemctl stop containerd.service; systemctl disable -q kubelet.service")
    limited = site.kprov("plan", site.inventory, "--limit", "w1").exits(2)
    limited.says("file:/etc/kubernetes/kubelet.yaml", "-maxPods: 7", "unit:kubelet.service restart")
    assert "w2" not in limited.out
    assert "scheduler" not in limited.out
    everything = site.kprov("plan", site.inventory).exits(2)
    everything.says(
        "file:/etc/etcd/pki/server.crt",
        "- --leader-elect=false",
        "unit:containerd.service start, because it does not run",
        "unit:kubelet.service enable",
    )
    converged(site)
    assert "maxPods: 7" not in site.run("w1", "cat /etc/kubernetes/kubelet.yaml")
    verified(site, "pod", "pod-network", "cluster-ip")


def test_one_host_away(site: Site):
    """Status tells the host that is out of reach from those that are well: exit 1."""
    site.run("w2", "systemctl stop ssh.service")
    try:
        status = site.kprov("status", site.inventory).exits(1)
    finally:
        site.inside("w2", "systemctl start ssh.service")
    status.says("w2", "out of reach", "refuses connections", "as it should be")


def test_reset(site: Site):
    """All three are as they were."""
    site.kprov("reset", site.inventory, "--yes").exits(0).says(*HOSTS)
    for host, now in site.look_at_all().items():
        now.same_as(site.memory[host])
