"""The mode of kube-proxy: the best one for a new cluster, the one that runs for others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kprov.core.order import with_inputs
from kprov.engine.desired import desired, flat
from kprov.engine.proxy import proxy_mode
from kprov.engine.rendering import ASSUMED
from kprov.engine.values import World
from kprov.inventory import load
from kprov.lang.pending import Pending
from kprov.model.facts import Facts
from tests.golden.world import product, world
from tests.unit.inventory_text import THREE_HOSTS

FIT = {"tool_nft": "yes", "nft_version": "1.0.6"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One control plane and two workers."""
    path = tmp_path / "inventory.yaml"
    path.write_text(THREE_HOSTS)
    return path


def chosen(file: Path, spec: str, *, stable: bool = True, **facts: dict[str, str]) -> object:
    """The mode of w1; hosts that can do nftables, but for the facts given."""
    inventory = load(file, overrides=[f"cluster.network.proxy={spec}"], environ={})
    seen = {
        name: Facts({**ASSUMED, **FIT, **facts.get(name, {})}, {}) for name in ("cp1", "w1", "w2")
    }
    gates = {"nftables_proxy_stable": stable}
    return proxy_mode(inventory, seen, inventory.host("w1"), gates)


def test_the_best_for_a_new_cluster(file: Path) -> None:
    """nftables where it is stable and every node can do it."""
    assert chosen(file, "auto") == "nftables"
    assert chosen(file, "auto", stable=False) == "iptables"
    assert chosen(file, "auto", w2={"nft_version": "0.9.8"}) == "iptables"
    assert chosen(file, "auto", cp1={"kernel": "Linux 5.10.0"}) == "iptables"
    assert chosen(file, "auto", w1={"tool_nft": "no"}) == "iptables"


def test_what_runs_stays(file: Path) -> None:
    """A cluster with iptables keeps it, and its new nodes take it; nobody else's mode counts."""
    assert chosen(file, "auto", w1={"proxy_mode": "iptables"}) == "iptables"
    assert chosen(file, "auto", cp1={"proxy_mode": "iptables"}) == "iptables"
    assert chosen(file, "auto", w1={"proxy_mode": "ipvs"}) == "nftables"
    assert chosen(file, "nftables", w1={"proxy_mode": "iptables"}) == "nftables"


def test_it_is_not_known_before_the_look(file: Path) -> None:
    """Unless somebody named it."""
    inventory = load(file, overrides=[], environ={})
    host = inventory.host("w1")
    assert isinstance(proxy_mode(inventory, {}, host, {}), Pending)
    asked = load(file, overrides=["cluster.network.proxy=ipvs"], environ={})
    assert proxy_mode(asked, {}, host, {}) == "ipvs"


def ids(its: World, host: str) -> list[str]:
    """Ids of everything that is wanted on a host."""
    wanted = with_inputs(flat(desired(product(its), its, its.inventory.host(host))))
    return [resource.id for resource in wanted if resource.role == "kube-proxy"]


def test_another_mode_takes_the_old_rules_away(file: Path) -> None:
    """Before kube-proxy starts in the new mode, and only then."""
    cleanup = "command:forget the rules of the other proxy mode"
    before = world(file, ["cluster.network.proxy=iptables"], {"proxy_mode": "iptables"})
    assert cleanup not in ids(before, "w1")
    after = world(file, ["cluster.network.proxy=nftables"], {"proxy_mode": "iptables"})
    wanted = ids(after, "w1")
    assert wanted.index(cleanup) < wanted.index("unit:kube-proxy.service")
    fresh = replace(after, facts={name: Facts(ASSUMED, {}) for name in after.facts})
    assert cleanup not in ids(fresh, "w1")


def test_no_proxy_any_more(file: Path) -> None:
    """The unit is stopped and gone, its rules as well; where there was none, nothing is wanted."""
    its = world(file, ["cluster.network.proxy=none"], {"proxy_mode": "iptables"})
    wanted = ids(its, "w1")
    assert wanted[-2:] == [
        "unit:kube-proxy.service",
        "file:/etc/systemd/system/kube-proxy.service",
    ]
    assert "command:forget the rules of the other proxy mode" in wanted
    assert ids(world(file, ["cluster.network.proxy=none"], {}), "w1") == [
        "directory:/etc/kubernetes"
    ]
