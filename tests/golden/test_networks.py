"""Networks: what other kinds of them make of the roles that they touch."""

from __future__ import annotations

import pytest

from tests.golden.golden import compare
from tests.golden.test_roles import HERE, INVENTORIES, text
from tests.golden.world import resources, world

SMALL = {"interfaces": "eth0=1400=10.98.1.12"}

CASES = {
    "vxlan": ("local-workers.yaml", "w1", ["network.cni=vxlan"], SMALL, ("cni",)),
}
"""Inventory, host, overrides below `cluster`, facts, and the roles that are compared."""


@pytest.mark.parametrize("case", CASES)
def test_networks(case: str) -> None:
    """The resources of these roles on such a host."""
    inventory, host, overrides, facts, roles = CASES[case]
    release = "kubernetes=v1.20.2" if case.startswith("v1.20") else "kubernetes=v1.36.2"
    its = world(INVENTORIES / inventory, [f"cluster.{one}" for one in (release, *overrides)], facts)
    for role in roles:
        found = [r for group in resources(its, host).values() for r in group if r.role == role]
        compare(HERE / "networks" / case / f"{role}.txt", "\n".join(map(text, found)) + "\n")
