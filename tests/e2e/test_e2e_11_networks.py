"""Networks of other kinds: nodes with a router between them (vxlan), dual stack."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply
from tests.e2e.steps import converged, unchanged, verified

NEAR, FAR = {"cp1": "10.97.131.11"}, {"w1": "10.97.132.11"}
ROUTER = "kprov-e2e-router"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


def ip(words: str, *, check: bool = True) -> None:
    """`ip` on this computer."""
    subprocess.run(("ip", *words.split()), check=check, capture_output=True)


@pytest.fixture(scope="module")
def router() -> Iterator[str]:
    """A network namespace that forwards between the bridges that are plugged into it; its name."""
    ip(f"netns delete {ROUTER}", check=False)
    ip(f"netns add {ROUTER}")
    try:
        ip(f"netns exec {ROUTER} sysctl -q net.ipv4.ip_forward=1")
        yield ROUTER
    finally:
        ip(f"netns delete {ROUTER}")  # its cables go with it


def plug(router: str, port: str, bridge: str, address: str) -> None:
    """A cable from the router to a bridge."""
    ip(f"link add {port} type veth peer name {port} netns {router}")
    ip(f"link set {port} master {bridge} up")
    ip(f"-n {router} address add {address}/24 dev {port}")
    ip(f"-n {router} link set {port} up")


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply, router: str) -> Iterator[Site]:
    """A control plane in one network, a worker in another."""
    with (
        machines(supply, "e2e-net-a", NEAR) as near,
        machines(supply, "e2e-net-b", FAR) as far,
    ):
        plug(router, "kp-e2e-a", "kp-e2e-net-a", "10.97.131.254")
        plug(router, "kp-e2e-b", "kp-e2e-net-b", "10.97.132.254")
        near.run("cp1", "ip route add 10.97.132.0/24 via 10.97.131.254")
        far.run("w1", "ip route add 10.97.131.0/24 via 10.97.132.254")
        both = replace(near, name="e2e-net", hosts={**NEAR, **FAR})
        both.memory.update(both.look_at_all())
        yield both


def inventory(site: Site, **network: object) -> None:
    """The cluster's inventory, with this network."""
    site.write({
        "cluster": site.supply.cluster("e2e-net", network=network),
        "all": {
            "vars": {"ansible_user": "root", "ansible_ssh_private_key_file": str(site.key)},
            "children": {
                "kube_control_plane": {"hosts": {"cp1": {"ansible_host": NEAR["cp1"]}}},
                "kube_node": {"hosts": {"cp1": {}, "w1": {"ansible_host": FAR["w1"]}}},
            },
        },
    })  # fmt: skip


def test_routes_are_refused(site: Site) -> None:
    """`bridge` needs one L2: said before anything is touched, with what works here."""
    inventory(site)
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says("w1: reaches through a router only: cp1 (10.97.131.11)", "cni: vxlan")
    for host, now in site.look_at_all().items():
        now.same_as(site.memory[host])


def test_what_this_kernel_has_not_is_refused(site: Site) -> None:
    """ipvs without a kernel for it."""
    inventory(site, cni="vxlan", proxy="ipvs")
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says("cp1, w1: the kernel has no IPVS", "proxy: auto")
    for host, now in site.look_at_all().items():
        now.same_as(site.memory[host])


def test_tunnel(site: Site) -> None:
    """Pods of both nodes reach each other, and Services, through the router."""
    inventory(site, cni="vxlan")
    site.kprov("apply", site.inventory, "--yes").exits(0)
    verified(site)
    unchanged(site)


def test_drift_of_the_tunnel(site: Site) -> None:
    """What somebody took out of the kernel's tables shows in the plan, and comes back."""
    entry = site.run("cp1", "bridge fdb show dev kprov-pods").split()[0]
    site.run("cp1", f"bridge fdb delete {entry} dev kprov-pods dst {FAR['w1']}")
    site.run("w1", "ip link delete kprov-pods")
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says("cp1", "w1", "command:repair the pod network", "0 restarts")
    converged(site)
    verified(site, "pod", "pod-network", "cluster-ip")


def test_reset_of_the_tunnel(site: Site) -> None:
    """Devices, routes and rules are gone, and SSH works."""
    site.kprov("reset", site.inventory, "--yes").exits(0)
    for host, now in site.look_at_all().items():
        now.same_as(site.memory[host])


# --- dual stack: the same story on machines of its own

DUAL = {"cp1": "10.97.133.11", "w1": "10.97.133.12"}
IP6 = {"cp1": {"ip6": "fd00:10:97:133::11"}, "w1": {"ip6": "fd00:10:97:133::12"}}
NETWORK = {
    "pods": ["10.244.0.0/16", "fd00:10:244::/56"],
    "services": ["10.96.0.0/16", "fd00:10:96::/112"],
}


@pytest.fixture(scope="module")
def dual(machines: Machines, supply: Supply) -> Iterator[Site]:
    """Two machines with addresses of both families."""
    with machines(supply, "e2e-dual", DUAL, host_vars=IP6) as site:
        hosts = {name: {"ansible_host": DUAL[name], **IP6[name]} for name in DUAL}
        site.write({
            "cluster": supply.cluster("e2e-dual", local={}, network=NETWORK),
            "all": {"children": {
                "kube_control_plane": {"hosts": {"cp1": hosts["cp1"]}},
                "kube_node": {"hosts": hosts},
            }},
        })  # fmt: skip
        site.memory.update(site.look_at_all())
        yield site


def test_dual_stack(dual: Site) -> None:
    """Pods and Services of both families answer from both nodes; nothing is left to do."""
    dual.kprov("apply", dual.inventory, "--yes").exits(0)
    done = verified(dual, "pod-network", "cluster-ip", "node-port")
    done.says("2 address families", "fd00:10:96::")
    unchanged(dual)


def test_reset_of_dual_stack(dual: Site) -> None:
    """Routes and rules of both families are gone."""
    dual.kprov("reset", dual.inventory, "--yes").exits(0)
    for host, now in dual.look_at_all().items():
        now.same_as(dual.memory[host])
