"""What the pod network needs of hosts: one L2 between them for routes, a kernel for tunnels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kprov.core.addresses import found_address, known_address, on_link
from kprov.core.preflight.place import Finding, Place


def one_l2(places: Sequence[Place]) -> Iterator[Finding]:
    """With `cni: bridge` every node is every other node's next hop: no router stands between."""
    nodes = [place for place in places if place.is_node]
    for place in nodes if nodes and nodes[0].inventory.cluster.network.cni == "bridge" else ():
        beyond = [
            f"{other.host.name} ({address})"
            for other in nodes
            for family in place.inventory.cluster.network.families
            if other is not place
            and (address := _address(other, family)) is not None
            and on_link(place.facts, address) is False
        ]
        if beyond:
            yield place.error(
                f"reaches through a router only: {', '.join(beyond)}",
                "`cni: bridge` connects nodes on one L2; set `cluster.network.cni: vxlan`",
            )


def _address(place: Place, family: int) -> str | None:
    return known_address(place.host, family) or found_address(place.facts, family)


def addresses(place: Place) -> Iterator[Finding]:
    """Every node has an address of every family that pods have."""
    families = place.inventory.cluster.network.families if place.is_node else ()
    for family in families:
        if _address(place, family) is None:
            name = "ip6" if family == 6 else "ip"
            yield place.error(
                f"has no IPv{family} address, which `cluster.network.pods` needs of every node",
                f"give the host one; where it has one that is not found, say `{name}: ADDRESS`",
            )


def tunnel(place: Place) -> Iterator[Finding]:
    """With `cni: vxlan`: the kernel can do it, and the tool that fills its table is there."""
    if not place.is_node or place.inventory.cluster.network.cni != "vxlan":
        return
    if "vxlan" in place.facts.get("modules_lacking").split():
        yield place.error(
            "the kernel has no vxlan, which `cluster.network.cni: vxlan` needs",
            "install the kernel's extra modules (linux-modules-extra-…), or take another `cni`",
        )
    if not place.facts.flag("tool_bridge"):
        yield place.error(
            "`bridge` is missing, which `cluster.network.cni: vxlan` needs", "install iproute2"
        )
