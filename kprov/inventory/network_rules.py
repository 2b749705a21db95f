"""Address ranges: big enough, apart from each other and from the hosts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
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
_SERVICES_MAX_BITS, _SERVICES_MIN_BITS = 20, 4
# kube-controller-manager's node IPAM (cidrset): node mask and cluster mask are at most 16 apart.
_MAX_MASK_DIFFERENCE = 16
_SUCH = {4: "10.244.0.0/16", 6: "fd00:10:244::/56"}
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
    families = {}
    for field in ("pods", "services"):
        texts = getattr(read.spec.network, field).split(",")
        if not read.good("network", field):
            continue
        networks = [ipaddress.ip_network(text) for text in texts]
        families[field] = [network.version for network in networks]
        if len(set(families[field])) < len(networks):
            what = f"`cluster.network.{field}` has {len(networks)} ranges: {', '.join(texts)}"
            hint = "one, or two of which one is IPv4 and one is IPv6"
            findings.problem(what, read.place("network", field), hint)
            del families[field]
        for number, network in enumerate(networks):
            location = read.place("network", field, number)
            if any(getattr(network, unusable) for unusable in _UNUSABLE):
                what = f"`cluster.network.{field}` is {network}, which is reserved for other uses"
                findings.problem(
                    what, location, f"take a private range such as {_SUCH[network.version]}"
                )
            else:
                yield Range(field, network, location)
    _check_families(families, read, findings)


def _check_families(
    families: Mapping[str, Sequence[int]], read: ReadSpec, findings: Findings
) -> None:
    """Pods and Services have the same families in the same order."""
    if len(families) < 2 or families["pods"] == families["services"]:
        return
    words = {field: " and ".join(f"IPv{its}" for its in families[field]) for field in families}
    what = f"`cluster.network.pods` is {words['pods']}, `services` is {words['services']}"
    places = [read.place("network", field) for field in families if read.says("network", field)]
    place = max(places, key=lambda its: its.line)
    findings.problem(what, place, "both need the same families in the same order")


def _check_size(one: Range, inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    mask = "node_mask" if one.network.version == 4 else "node_mask_v6"
    if one.field == "services":
        _check_services_size(one, findings)
    elif read.good("network", mask):
        _check_pods_size(one, mask, read, len(inventory.nodes), findings)


def _check_services_size(one: Range, findings: Findings) -> None:
    prefix, longest = one.network.prefixlen, one.network.max_prefixlen
    least, most = longest - _SERVICES_MIN_BITS, longest - _SERVICES_MAX_BITS
    if prefix > least:
        what = f"`cluster.network.services` {one.network} is too small"
        hint = f"expected at least a /{least}: the cluster DNS has the 10th address"
        findings.problem(what, one.location, hint)
    if prefix < most:
        what = f"`cluster.network.services` {one.network} is too large"
        hint = f"kube-apiserver takes at most 2^{_SERVICES_MAX_BITS} addresses, a /{most}"
        findings.problem(what, one.location, hint)


def _check_pods_size(
    one: Range, field: str, read: ReadSpec, nodes: int, findings: Findings
) -> None:
    mask, prefix = getattr(read.spec.network, field), one.network.prefixlen
    room = 2 ** (mask - prefix) if mask >= prefix else 0
    if room < nodes:
        what = (
            f"`cluster.network.pods` {one.network} is too small: "
            f"room for {room} nodes with a /{mask} each, there are {nodes}"
        )
        findings.problem(what, one.location, f"take a larger range or a larger {field}")
    elif mask - prefix > _MAX_MASK_DIFFERENCE:
        what = f"`cluster.network.{field}` {mask} is too far from the pods' /{prefix}"
        hint = f"kube-controller-manager allows a difference of {_MAX_MASK_DIFFERENCE}"
        place = read.place("network", field)
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
    own = (host.connection.address, host.vars.get("ip"), host.vars.get("ip6"))
    addresses = map(address_of, own)
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
    _check_local_ipv6(inventory, read, findings)


def _check_local_ipv6(inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    """Nobody else gives local machines the IPv6 addresses that a cluster with IPv6 needs."""
    network: Network | None = None
    for host in inventory.hosts if 6 in read.spec.network.families else ():
        address = address_of(host.vars.get("ip6"))
        if address is None or address.version != 6:
            what = f"{host.name} is a local machine without an IPv6 address"
            findings.problem(what, host.location, "set `ip6`, such as fd00:10:98::11")
            continue
        network = network or ipaddress.ip_network(f"{address}/64", strict=False)
        if address not in network:
            what = f"the address {address} of {host.name} is not in the local network {network}"
            findings.problem(what, host.location, "local machines share one bridge")
