"""A host's addresses in the cluster, its interfaces, and what its routes reach. Pure."""

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
    """Whether the best route to an address needs no router; None where no route was found.

    Routes are words NETWORK@DEVICE, or NETWORK@ADDRESS for those through a router.
    """
    wanted = ipaddress.ip_address(address)
    best: tuple[int, bool] | None = None
    for word in facts.get("routes").split():
        target, _, way = word.partition("@")
        network = _network(target, wanted.version)
        if network is not None and wanted in network and (not best or network.prefixlen > best[0]):
            best = (network.prefixlen, not _is_address(way))
    return None if best is None else best[1]


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
