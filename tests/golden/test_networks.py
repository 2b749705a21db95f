"""Networks: what other kinds of them make of the roles that they touch."""

from __future__ import annotations

import pytest

from tests.golden.golden import compare
from tests.golden.test_roles import HERE, text
from tests.golden.world import resources, world

FOLDER = HERE / "networks"
NEW, OLD = "kubernetes=v1.36.2", "kubernetes=v1.20.2"
DUAL_STACK = [
    "network.pods=10.244.0.0/16,fd00:10:244::/56",
    "network.services=10.96.0.0/16,fd00:10:96::/112",
]
IPV6 = ["network.pods=fd00:10:244::/56", "network.services=fd00:10:96::/112"]
ROLES = ("os", "cni", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kubelet")

CASES = {
    "vxlan": ("w1", [NEW, "network.cni=vxlan"], ("cni",)),
    "vxlan-dual-stack": ("w1", [NEW, "network.cni=vxlan", *DUAL_STACK], ("cni",)),
    "dual-stack": ("cp1", [NEW, *DUAL_STACK], (*ROLES, "coredns")),
    "dual-stack-v1.20": ("cp1", [OLD, *DUAL_STACK], ROLES[2:]),
    "dual-stack-own-cni": ("cp1", [NEW, "network.cni=none", *DUAL_STACK], ROLES[3:4]),
    "ipv6": ("cp1", [NEW, *IPV6], (*ROLES, "etcd")),
}
"""Host, overrides below `cluster`, and the roles whose resources are compared."""


@pytest.mark.parametrize("case", CASES)
def test_networks(case: str) -> None:
    """What has content, and the commands, on such a host."""
    host, overrides, roles = CASES[case]
    facts = {"interfaces": "eth0=1400=192.0.2.11,2001:db8::11 eth1=9000=192.0.2.12,2001:db8::12"}
    its = world(FOLDER / "inventory.yaml", [f"cluster.{one}" for one in overrides], facts)
    made = [resource for group in resources(its, host).values() for resource in group]
    for role in roles:
        found = [r for r in made if r.role == role and (r.content or r.kind == "sysctl")]
        compare(FOLDER / case / f"{role}.txt", "\n".join(map(text, found)) + "\n")
