"""Address ranges: big enough, apart from each other and from the hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kprov.inventory.findings import Findings
from kprov.inventory.names import address_of
from kprov.inventory.spec import ReadSpec
from kprov.lang.gates import gate_holds
from kprov.model.errors import Location
from kprov.model.host import Host, Inventory

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# kube-apiserver refuses more than 2^20 Service addresses ("service-cluster-ip-range is too large");
# the cluster DNS has the tenth.
_SERVICES_MIN_PREFIX, _SERVICES_MAX_PREFIX = 12, 28
# kube-controller-manager's node IPAM (cidrset): node mask and cluster mask are at most 16 apart.
_MAX_MASK_DIFFERENCE = 16
_UNUSABLE = ("is_loopback", "is_link_local", "is_multicast", "is_unspecified")


@dataclass(frozen=True, slots=True)
class Range:
    """A range of the spec, its field and where it was written."""

    field: str
    network: Network
    location: Location


def check_networks(inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    """All rules about ranges; problems go to `findings`."""
    ranges = list(_ranges(read, findings))
    for one in ranges:
        _check_size(one, inventory, read, findings)
    _check_apart(ranges, findings)
    for host in inventory.hosts:
        _check_host(host, ranges, findings)
    _check_local(inventory, read, findings)
    _check_proxy(read, findings)


def _check_proxy(read: ReadSpec, findings: Findings) -> None:
    """The mode of kube-proxy is one that this release has."""
    mode, version = read.spec.network.proxy, read.spec.version
    if not read.good("kubernetes") or not read.good("network", "proxy"):
        return
    if mode == "nftables" and not gate_holds("nftables_proxy", version):
        what = f"`cluster.network.proxy` is nftables, which {read.spec.kubernetes} does not have"
        hint = "from v1.29 on there is nftables; `auto` takes what is best for this release"
        findings.problem(what, read.place("network", "proxy"), hint)


def _ranges(read: ReadSpec, findings: Findings) -> Iterator[Range]:
    for field in ("pods", "services"):
        network = ipaddress.ip_network(getattr(read.spec.network, field))
        location = read.place("network", field)
        if not read.good("network", field):
            continue
        if network.version != 4:
            what = f"`cluster.network.{field}` is {network}, expected an IPv4 range"
            findings.problem(what, location, "IPv6 is not supported yet")
        elif any(getattr(network, unusable) for unusable in _UNUSABLE):
            what = f"`cluster.network.{field}` is {network}, which is reserved for other uses"
            findings.problem(what, location, "take a private range such as 10.244.0.0/16")
        else:
            yield Range(field, network, location)


def _check_size(one: Range, inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    if one.field == "services":
        _check_services_size(one, findings)
    elif read.good("network", "node_mask"):
        _check_pods_size(one, read, len(inventory.nodes), findings)


def _check_services_size(one: Range, findings: Findings) -> None:
    prefix = one.network.prefixlen
    if prefix > _SERVICES_MAX_PREFIX:
        what = f"`cluster.network.services` {one.network} is too small"
        hint = f"expected at least a /{_SERVICES_MAX_PREFIX}: the cluster DNS has the 10th address"
        findings.problem(what, one.location, hint)
    if prefix < _SERVICES_MIN_PREFIX:
        what = f"`cluster.network.services` {one.network} is too large"
        hint = f"kube-apiserver takes at most 2^20 addresses, a /{_SERVICES_MIN_PREFIX}"
        findings.problem(what, one.location, hint)


def _check_pods_size(one: Range, read: ReadSpec, nodes: int, findings: Findings) -> None:
    mask, prefix = read.spec.network.node_mask, one.network.prefixlen
    room = 2 ** (mask - prefix) if mask >= prefix else 0
    if room < nodes:
        what = (
            f"`cluster.network.pods` {one.network} is too small: "
            f"room for {room} nodes with a /{mask} each, there are {nodes}"
        )
        findings.problem(what, one.location, "take a larger range or a larger node_mask")
    elif mask - prefix > _MAX_MASK_DIFFERENCE:
        what = f"`cluster.network.node_mask` {mask} is too far from the pods' /{prefix}"
        hint = f"kube-controller-manager allows a difference of {_MAX_MASK_DIFFERENCE}"
        place = read.place("network", "node_mask")
        findings.problem(what, place, hint)


def _check_apart(ranges: Sequence[Range], findings: Findings) -> None:
    for number, one in enumerate(ranges):
        for other in ranges[:number]:
            if one.network.overlaps(other.network):
                what = (
                    f"`cluster.network.{one.field}` {one.network} overlaps "
                    f"`cluster.network.{other.field}` {other.network}"
                )
                later = max(one.location, other.location, key=lambda place: place.line)
                findings.problem(what, later, "take ranges that share no address")


def _check_host(host: Host, ranges: Sequence[Range], findings: Findings) -> None:
    addresses = map(address_of, (host.connection.address, host.vars.get("ip")))
    for address in dict.fromkeys(addresses):
        for one in ranges:
            if address is not None and address in one.network:
                what = f"the address {address} of {host.name} is in `cluster.network.{one.field}`"
                hint = f"{one.network} is for {one.field} alone; take another range"
                findings.problem(what, one.location, hint)


def _check_local(inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    """Local machines get their addresses from the inventory, all in one bridge's range."""
    if read.spec.local is None or not read.good("local"):
        return
    given = read.spec.local.network
    network = ipaddress.ip_network(given) if given else None
    for host in inventory.hosts:
        address = address_of(host.connection.address)
        if address is None or address.version != 4:
            what = f"{host.name} is a local machine without an IPv4 address"
            findings.problem(what, host.location, "set ansible_host, such as 10.98.0.11")
            continue
        network = network or ipaddress.ip_network(f"{address}/24", strict=False)
        if address not in network:
            what = f"the address {address} of {host.name} is not in the local network {network}"
            hint = "local machines share one bridge; `cluster.local.network` sets its range"
            findings.problem(what, host.location, hint)
