"""The host's network beside the cluster's: routes that overlap its ranges."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

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


def _clash(route: Network, network: object) -> bool:
    return route.prefixlen > 0 and route.overlaps(network)  # type: ignore[arg-type]


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
