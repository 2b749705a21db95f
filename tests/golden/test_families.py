"""Operating systems: what each family's hosts get, amd64 and arm64 side by side in one cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kprov.engine.rendering import ASSUMED
from kprov.engine.values import World, host_values
from kprov.model.change import Action, Change
from kprov.model.facts import Facts
from kprov.sh.kinds import KINDS
from tests.golden.golden import compare
from tests.golden.world import resources, world

HERE = Path(__file__).parent
ARM = {"arch": "aarch64"}
BARE = {name: "" for name in ASSUMED if name in ("tool_iptables", "tool_conntrack")}

# ID and ID_LIKE as the systems' own os-release has them
FACTS = {
    "debian": {"os_id": "debian"},
    "ubuntu-arm": {"os_id": "ubuntu", "os_like": "debian", **ARM},
    "rocky": {"os_id": "rocky", "os_like": "rhel centos fedora", "selinux": "enforcing"},
    "fedora-arm": {"os_id": "fedora", "selinux": "enforcing", **ARM},
    "sles": {"os_id": "sles", "os_like": "suse"},
    "tumbleweed": {"os_id": "opensuse-tumbleweed", "os_like": "opensuse suse"},
    "arch": {"os_id": "arch"},
    "flatcar": {"os_id": "flatcar", "os_like": "coreos", "read_only": "/usr/local/bin "},
}
FAMILIES = {
    "debian": "debian", "ubuntu-arm": "debian", "rocky": "rhel", "fedora-arm": "rhel",
    "sles": "suse", "tumbleweed": "suse", "arch": "arch", "flatcar": "flatcar",
}  # fmt: skip


def systems() -> World:
    """Every host with the facts of its own system, and none of the tools that packages bring."""
    its = world(HERE / "inventories" / "families.yaml", ["cluster.kubernetes=v1.31.4"], {})
    tools = {k: v for k, v in ASSUMED.items() if k not in BARE}
    facts = {name: Facts({**tools, **own}, {}) for name, own in FACTS.items()}
    return replace(its, facts=facts)


@pytest.mark.parametrize("host", FACTS)
def test_families(host: str) -> None:
    """Packages, labels, and where programs are: the calls that go to each host."""
    its = systems()
    kinds = ("package", "artifact", "command")
    calls = [
        KINDS[resource.kind].write(Change(resource, Action.CREATE))
        for group in resources(its, host).values()
        for resource in group
        if resource.kind in kinds
    ]
    compare(HERE / "families" / f"{host}.txt", "\n".join(calls) + "\n")
    assert host_values(its, its.inventory.host(host))["facts"]["os_family"] == FAMILIES[host]


def test_nothing_is_put_below_a_read_only_usr() -> None:
    """Neither files nor links; no file names a program that is not where it would be."""
    its = systems()
    for group in resources(its, "flatcar").values():
        for resource in group:
            assert not resource.name.startswith("/usr/"), resource.id
            text = resource.content.data.decode() if resource.content else ""
            assert "/usr/local/" not in text, resource.id


@pytest.mark.parametrize("host", FACTS)
def test_ids_need_no_facts(host: str) -> None:
    """What the look asks for is known from the inventory alone."""
    its = systems()
    seen = {r.id for group in resources(its, host).values() for r in group}
    asked = {r.id for g in resources(replace(its, facts={}), host).values() for r in g}
    assert seen <= asked
