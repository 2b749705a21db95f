"""The host's network beside the cluster's: its own address, overlapping routes, packet sizes."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence

from kprov.core.addresses import found_address, interfaces, known_address, mtu_of
from kprov.core.preflight.place import Finding, Place

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def routes(place: Place) -> Iterator[Finding]:
    """No route of the host leads into the ranges of pods and services."""
    if place.facts.flag("owned"):
        return  # the routes to the pods are kprov's own by now
    spec = place.inventory.cluster.network
    ranges = [("pods", text) for text in spec.pod_ranges]
    ranges += [("services", text) for text in spec.service_ranges]
    for name, text in ranges:
        network = ipaddress.ip_network(text)
        for word in place.facts.get("routes").split():
            route = word.partition("@")[0]
            other = _network(route)
            if other is not None and other.version == network.version and _clash(other, network):
                yield place.error(
                    f"the host's route {route} overlaps cluster.network.{name} {text}",
                    f"choose another range for cluster.network.{name}",
                )


def own_address(place: Place) -> Iterator[Finding]:
    """The address that others shall reach a host at is its own: etcd and kubelets refuse others."""
    address = known_address(place.host)
    own = [its for interface in interfaces(place.facts) for its in interface.addresses]
    member = place.is_etcd or place.is_node
    if member and own and address is not None and address not in own:
        yield place.error(
            f"has no address {address}; it has {', '.join(own[:5])}",
            f"behind a translated address, say which is its own: `ip: {own[0]}`",
        )


def packet_sizes(places: Sequence[Place]) -> Iterator[Finding]:
    """What one host sends, the others take: all have the same MTU on the cluster's network."""
    by_host = {}
    for place in places:
        address = known_address(place.host) or found_address(place.facts, 4)
        if address is not None and place.facts.get("interfaces"):
            by_host[place.host.name] = mtu_of(place.facts, address)
    usual = Counter(by_host.values()).most_common(1)
    for place in places:
        mtu = by_host.get(place.host.name)
        if mtu is not None and mtu != usual[0][0]:
            yield place.warning(
                f"its MTU is {mtu}, that of most others {usual[0][0]}: large packets may get lost",
                "give all hosts of the cluster's network the same MTU",
            )


def _clash(route: Network, network: object) -> bool:
    return route.prefixlen > 0 and route.overlaps(network)  # type: ignore[arg-type]


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
