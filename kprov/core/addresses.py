"""Addresses: of endpoints, of a host, of its interfaces, and what its routes reach. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from kprov.model.facts import Facts
from kprov.model.host import Host

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_OURS = ("cni0", "kprov-pods", "kube-ipvs0")
"""Interfaces of the pod network: their addresses are not the host's."""
ETHERNET_MTU = 1500


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface with its global addresses; `mtu` is its largest packet in bytes."""

    name: str
    mtu: int
    addresses: tuple[str, ...]


def endpoint_parts(endpoint: str) -> tuple[str, str]:
    """Host and port of `api.example.com:6443` and `[2001:db8::1]:6443`; "" where no port is."""
    if endpoint.startswith("["):
        host, _, rest = endpoint[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = endpoint.rpartition(":")
    return (host, port) if host and port.isdigit() and ":" not in host else (endpoint, "")


def known_address(host: Host, family: int = 0) -> str | None:
    """The address as the inventory says it: `ip`, `ip6`, else an `ansible_host` that is one.

    `family` is 4 or 6; 0 takes either.
    """
    for candidate in (host.vars.get("ip"), host.vars.get("ip6"), host.connection.address):
        try:
            address = ipaddress.ip_address(str(candidate))
        except ValueError:
            continue
        if not address.is_loopback and family in (0, address.version):
            return str(address)
    return None


def found_address(facts: Facts, family: int) -> str | None:
    """The address that was found on the host: towards its default route, else the first one."""
    if family == 4 and facts.get("default_ip"):
        return facts.get("default_ip")
    default = facts.get("default_ip")
    others = sorted(interfaces(facts), key=lambda its: default not in its.addresses)
    for interface in others if family == 6 else ():
        for address in interface.addresses:
            if ":" in address and interface.name not in _OURS:
                return address
    return None


def interfaces(facts: Facts) -> Iterator[Interface]:
    """The host's interfaces that have a global address, in the kernel's order."""
    for word in facts.get("interfaces").split():
        name, mtu, addresses = (*word.split("=", 2), "", "")[:3]
        yield Interface(name, int(mtu) if mtu.isdecimal() else 0, tuple(addresses.split(",")))


def mtu_of(facts: Facts, address: str) -> int:
    """Largest packet of the interface that has this address; Ethernet's where none has it."""
    found = (its.mtu for its in interfaces(facts) if address in its.addresses)
    return next(found, 0) or ETHERNET_MTU


def on_link(facts: Facts, address: str) -> bool | None:
    """Whether the best route to an address needs no router; None where no route was found."""
    route = _best_route(facts, address)
    return None if route is None else not _is_address(route[1])


def interface_of(facts: Facts, address: str) -> str:
    """The interface in whose network an address is; empty when it is in none of the host's."""
    prefix, way = _best_route(facts, address) or (0, "")
    return way if prefix and not _is_address(way) else ""


def _best_route(facts: Facts, address: str) -> tuple[int, str] | None:
    """Prefix length and way of the route that an address takes; None where there is none.

    Routes are words NETWORK@DEVICE, or NETWORK@ADDRESS for those through a router.
    """
    wanted = ipaddress.ip_address(address)
    found = [
        (network.prefixlen, way)
        for target, _, way in (word.partition("@") for word in facts.get("routes").split())
        if (network := _network(target, wanted.version)) and wanted in network
    ]
    return max(found, key=lambda route: route[0], default=None)


def _network(text: str, family: int) -> Network | None:
    if text == "default":
        text = "0.0.0.0/0" if family == 4 else "::/0"
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None  # `unreachable`, `blackhole` and the like come first on their lines


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
