"""What people ask for (machines on a network) and what they get (started machines)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kprov.model.errors import Problem
from kprov.model.secret import Secret

# RFC 1123 labels; a machine's name may have several, and Linux allows 64 characters.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CLUSTER = re.compile(_LABEL)
_MACHINE = re.compile(rf"(?=.{{1,64}}\Z){_LABEL}(?:\.{_LABEL})*")
# dev_valid_name() in the kernel: at most 15 characters, no slash, colon or white space.
_INTERFACE = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,15}")


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine to boot: its host name and its addresses in the network, IPv6 if there is one."""

    name: str
    address: str
    address6: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A bridge on this computer; `gateway` is the computer's own address with prefix length.

    `gateway6`: the same of IPv6, if the machines have addresses of that family as well.
    """

    bridge: str
    gateway: str
    gateway6: str = ""

    @property
    def interface(self) -> ipaddress.IPv4Interface:
        """The gateway as a value; ValueError when it is not ADDRESS/PREFIX."""
        return ipaddress.IPv4Interface(self.gateway)


@dataclass(frozen=True, slots=True)
class LocalSpec:
    """The machines of one cluster on this computer.

    Every machine knows two users, both by SSH key: `root`, and `admin`, who has no right to become
    root unless `sudo_password` is given. `packages` are added to the base image.
    """

    cluster: str
    machines: tuple[Machine, ...]
    network: Network
    packages: tuple[str, ...] = ()
    sudo_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """A machine whose sshd answers. `seconds` runs from its launch; 0 when it ran before."""

    cluster: str
    name: str
    address: str
    host_key: str
    leader: int
    fresh: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Listed:
    """A machine that exists; `state` is running, starting or stopped; `leader` its init's pid."""

    cluster: str
    name: str
    address: str
    state: str
    leader: int | None
    host_key: str


def problems(spec: LocalSpec) -> tuple[Problem, ...]:
    """Everything that is wrong with a spec, before anything is touched."""
    return (*_names(spec), *_network(spec.network), *_addresses(spec))


def _names(spec: LocalSpec) -> Iterator[Problem]:
    if not _CLUSTER.fullmatch(spec.cluster):
        yield Problem(
            f"{spec.cluster!r} cannot name a cluster of local machines",
            hint="use lower-case letters, digits and '-', at most 63 characters",
        )
    if not spec.machines:
        yield Problem("no machine to boot", where=spec.cluster, hint="name at least one host")
    for name in sorted(_twice([machine.name for machine in spec.machines])):
        yield Problem(f"two machines are named {name!r}", where=spec.cluster)
    for machine in spec.machines:
        if not _MACHINE.fullmatch(machine.name):
            yield Problem(
                f"{machine.name!r} cannot be a host name",
                where=spec.cluster,
                hint="use lower-case letters, digits, '-' and '.', at most 64 in all (RFC 1123)",
            )


def _network(network: Network) -> Iterator[Problem]:
    if not _INTERFACE.fullmatch(network.bridge):
        yield Problem(
            f"{network.bridge!r} cannot name a bridge",
            hint="use letters, digits, '-', '_' and '.', at most 15 characters",
        )
    try:
        interface = network.interface
    except ValueError:
        interface = None
    if interface is None or interface.network.prefixlen > 30 or _is_edge(interface.ip, interface):
        yield Problem(
            f"{network.gateway!r} cannot be this computer's address in the machines' network",
            where=network.bridge,
            hint="give an IPv4 address with its prefix length, for instance 10.98.0.1/24",
        )


def _addresses(spec: LocalSpec) -> Iterator[Problem]:
    for address in sorted(_twice([machine.address for machine in spec.machines])):
        yield Problem(f"two machines have the address {address}", where=spec.cluster)
    try:
        gateway = spec.network.interface
    except ValueError:
        return
    for machine in spec.machines:
        reason = _unfit(machine.address, gateway)
        if reason:
            yield Problem(
                f"its address {machine.address} {reason}",
                where=machine.name,
                hint=f"choose a free address of {gateway.network} other than {gateway.ip}",
            )


def _unfit(address: str, gateway: ipaddress.IPv4Interface) -> str:
    try:
        value = ipaddress.IPv4Address(address)
    except ValueError:
        return "is not an IPv4 address"
    if value not in gateway.network:
        return f"is not in the machines' network {gateway.network}"
    if value == gateway.ip:
        return "is the address of this computer on the bridge"
    if _is_edge(value, gateway):
        return f"is the network or broadcast address of {gateway.network}"
    return ""


def _is_edge(address: ipaddress.IPv4Address, within: ipaddress.IPv4Interface) -> bool:
    return address in (within.network.network_address, within.network.broadcast_address)


def _twice(values: list[str]) -> set[str]:
    return {value for value in values if values.count(value) > 1}
