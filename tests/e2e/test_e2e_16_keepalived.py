"""One address that three control planes hold together by VRRP, over a real bridge."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import pytest

from kprov.engine.reachable import first_answering
from tests.e2e.conftest import Machines
from tests.e2e.outage import api_ready, cut_power, power_on, until
from tests.e2e.site import Site, Supply
from tests.e2e.steps import unchanged, verified

HOSTS = {"cp1": "10.97.123.11", "cp2": "10.97.123.12", "cp3": "10.97.123.13"}
ADDRESS = "10.97.123.9"
NOBODY = "127.0.0.99"
BRIDGE = "kp-e2e-vip"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


def inventory(site: Site, endpoint: str) -> None:
    """Three control planes, one of which runs pods as well."""
    cluster = site.supply.cluster(
        "e2e-vip", local={}, endpoint=endpoint, load_balancer="keepalived"
    )
    site.write({
        "cluster": cluster,
        "all": {"children": {
            "kube_control_plane": {"hosts": {n: {"ansible_host": a} for n, a in HOSTS.items()}},
            "kube_node": {"hosts": {"cp1": None}},
        }},
    })  # fmt: skip


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """Three machines with keepalived in place: they have no package mirror."""
    with machines(supply, "e2e-vip", HOSTS, packages=("keepalived",)) as site:
        yield site


def holders(site: Site) -> list[str]:
    """Who has the address, among those that run."""
    ask = f"ip -o -4 addr show | grep -c ' {ADDRESS}/' || true"
    return [host for host in HOSTS if site.run(host, ask).strip() == "1"]


def test_an_address_that_is_not_free_is_refused(site: Site):
    """Another machine has it, or it is in no network of the hosts: nothing is touched."""
    inventory(site, "10.97.250.9:6443")
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says("cp1", "10.97.250.9 is in no network of this host")
    inventory(site, f"{ADDRESS}:6443")
    subprocess.run(["ip", "addr", "add", f"{ADDRESS}/32", "dev", BRIDGE], check=True)
    try:
        done = site.kprov("apply", site.inventory, "--yes").exits(1)
    finally:
        subprocess.run(["ip", "addr", "del", f"{ADDRESS}/32", "dev", BRIDGE], check=True)
    done.says(f"{ADDRESS} answers already, and is none of the control planes")
    site.run("cp1", "test ! -e /var/lib/kprov/owned")


def test_apply(site: Site):
    """One of them holds it; kubelets and people use it."""
    site.kprov("apply", site.inventory, "--yes").exits(0)
    until(lambda: len(holders(site)) == 1, "single holder", 30)
    site.run("cp2", f"grep -q https://{ADDRESS}:6443 /var/lib/kubelet/kubeconfig")
    verified(site, "configmap", "pod", "cluster-ip")
    unchanged(site)


def test_the_holder_is_lost(site: Site):
    """Another one takes the address over; the one that comes back leaves it there."""
    (lost,) = holders(site)
    left = [host for host in HOSTS if host != lost]
    cut_power(site, lost)
    cut = time.monotonic()
    ask = f"ip -o -4 addr show | grep -c ' {ADDRESS}/' || true"
    until(lambda: any(site.run(host, ask).strip() == "1" for host in left), "new holder", 60)
    authority = (site.state / "pki/kubernetes-ca.crt").read_text()
    until(lambda: first_answering([NOBODY, ADDRESS], 6443, authority) == ADDRESS, "API", 60)
    took = time.monotonic() - cut
    print(f"{lost}, which held {ADDRESS}, lost: answers elsewhere after {took:.1f} s")
    verified(site, "rbac")  # no pod: the node that is lost counts as Ready for a while
    power_on(site, lost)
    until(lambda: api_ready(site, lost), "control plane", 120)
    assert lost not in holders(site)
    unchanged(site)


def test_an_apiserver_that_is_not_ready_gives_it_up(site: Site):
    """The machine lives, its apiserver does not: the address goes to one that works."""
    (holder,) = holders(site)
    site.run(holder, "systemctl stop kube-apiserver.service")
    try:
        until(lambda: holders(site) not in ([holder], []), "new holder", 60)
    finally:
        site.run(holder, "systemctl start kube-apiserver.service")
