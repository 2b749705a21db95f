"""Where the virtual address belongs, and who has it already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kprov.core.virtual_address import address_risks
from kprov.model.cluster import ClusterSpec
from kprov.model.facts import Facts
from kprov.model.host import Connection, Host, Inventory

ROUTES = "default@192.0.2.1 10.244.1.0/24@192.0.2.12 192.0.2.0/24@eth0 198.51.100.0/24@eth1"
SPEC = ClusterSpec(endpoint="192.0.2.9:6443", load_balancer="keepalived")


def inventory(*names: str) -> Inventory:
    hosts = tuple(Host(name, Connection(name), frozenset({"kube_control_plane"})) for name in names)
    return Inventory("inv.yaml", SPEC, hosts, {"kube_control_plane": names})


def host(addresses: str, routes: str = ROUTES, **flags: str) -> Facts:
    return Facts({"addresses": addresses, "routes": routes, **flags}, {})


def words(seen: Mapping[str, Facts], *names: str) -> str:
    return "\n".join(f"{its.host}: {its.what}" for its in address_risks(inventory(*names), seen))


ANSWERS = {"virtual_address_answers": "yes"}


def test_a_control_plane_elsewhere_is_refused() -> None:
    """All of them share the address's network."""
    seen = {"a": host("192.0.2.11"), "b": host("203.0.113.2", "203.0.113.0/24@eth0")}
    assert words(seen, "a", "b") == "b: cluster.endpoint 192.0.2.9 is in no network of this host"


def test_an_address_that_somebody_has_is_refused() -> None:
    """Unless it is a control plane, or may be one that was not reached."""
    a, b = host("192.0.2.11", **ANSWERS), host("192.0.2.12")
    assert "answers already" in words({"a": a, "b": b}, "a", "b")
    assert words({"a": a, "b": host("192.0.2.12 192.0.2.9")}, "a", "b") == ""
    assert words({"a": a}, "a", "b") == ""
    at_work = replace(b, observed={"unit:kprov-keepalived.service": {"running": True}})
    assert words({"a": a, "b": at_work}, "a", "b") == "", "it is on its way between the two"


def test_without_keepalived_nobody_asks() -> None:
    """An endpoint of the user's own answers, of course."""
    spec = ClusterSpec(endpoint="192.0.2.9:6443")
    its = Inventory("inv.yaml", spec, inventory("a").hosts, {"kube_control_plane": ("a",)})
    assert address_risks(its, {"a": host("192.0.2.11", **ANSWERS)}) == ()
