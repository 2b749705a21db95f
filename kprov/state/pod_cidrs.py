"""Which part of the pod range is whose: given once, never moved."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence

from kprov.model.errors import InputError, KprovError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def allocate(
    pods: str,
    node_mask: int,
    nodes: Sequence[str],
    existing: Mapping[str, str],
    node_mask_v6: int = 64,
) -> dict[str, str]:
    """Node name to CIDR: what `existing` says, and the lowest free part for every other node.

    `pods` may be two ranges of different families with a comma between; so is every node's part.
    Entries of nodes that are gone are kept, so a node that comes back finds its own; drop them
    from `existing` to give them away. Raises InputError when a range is full, too small for one
    node, or no longer holds what is already allocated.
    """
    ranges = [ipaddress.ip_network(text) for text in pods.split(",")]
    families: set[int] = {its.version for its in ranges}
    parts = []
    for its in ranges:
        before = _of_family(existing, its.version, families, its)
        parts.append(_allocate(its, node_mask if its.version == 4 else node_mask_v6, nodes, before))
    names = dict.fromkeys((*existing, *nodes))
    return {name: ",".join(part[name] for part in parts if name in part) for name in names}


def _of_family(
    existing: Mapping[str, str], version: int, families: set[int], pods: Network
) -> dict[str, str]:
    """The parts of one family. InputError for a part of a family that has no range any more."""
    found = {}
    for name, text in existing.items():
        for cidr in text.split(","):
            family = ipaddress.ip_network(cidr).version
            if family not in families:
                _inside(name, cidr, pods)
            if family == version:
                found[name] = cidr
    return found


def _allocate(
    pods: Network, node_mask: int, nodes: Sequence[str], existing: Mapping[str, str]
) -> dict[str, str]:
    """The same for one family."""
    _check_mask(pods, node_mask)
    taken = {
        number
        for name, cidr in existing.items()
        for number in _numbers(_inside(name, cidr, pods), pods, node_mask)
    }
    free = (number for number in range(2 ** (node_mask - pods.prefixlen)) if number not in taken)
    result = dict(existing)
    for node in nodes:
        if node not in result:
            result[node] = _part(next(free, None), pods, node_mask, node)
    return result


def dump(allocations: Mapping[str, str]) -> str:
    """JSON text, sorted by node."""
    return json.dumps(dict(sorted(allocations.items())), indent=2) + "\n"


def parse(text: str, *, where: str) -> dict[str, str]:
    """Read what `dump` wrote; raises KprovError for anything else."""
    try:
        found = json.loads(text)
        return {
            str(name): ",".join(str(ipaddress.ip_network(cidr)) for cidr in text.split(","))
            for name, text in found.items()
        }
    except (ValueError, AttributeError) as error:
        raise KprovError(
            f"is not a map of node names to networks: {error}",
            where=where,
            hint="restore it from a backup: it says which pod addresses each node hands out",
        ) from error


def _check_mask(pods: Network, node_mask: int) -> None:
    if not pods.prefixlen <= node_mask <= pods.max_prefixlen:
        raise InputError(
            f"a /{node_mask} for each node does not fit into the pod range {pods}",
            where=f"cluster.network.node_mask{'' if pods.version == 4 else '_v6'}",
            hint=f"give a number from {pods.prefixlen} to {pods.max_prefixlen}, or a wider range",
        )


def _inside(node: str, cidr: str, pods: Network) -> Network:
    network = ipaddress.ip_network(cidr)
    first, last = int(network[0]), int(network[-1])
    if network.version == pods.version and int(pods[0]) <= first and last <= int(pods[-1]):
        return network
    raise InputError(
        f"node {node} already has {network}, which is not in the pod range {pods}",
        where="cluster.network.pods",
        hint="pods run with those addresses: keep the range, or widen it around them",
    )


def _numbers(network: Network, pods: Network, node_mask: int) -> range:
    """Which of the range's parts, counted from 0, a network covers wholly or in part."""
    shift = pods.max_prefixlen - node_mask
    return range(
        (int(network[0]) - int(pods[0])) >> shift, ((int(network[-1]) - int(pods[0])) >> shift) + 1
    )


def _part(number: int | None, pods: Network, node_mask: int, node: str) -> str:
    if number is None:
        count = 2 ** (node_mask - pods.prefixlen)
        raise InputError(
            f"the pod range {pods} is full: of its {count} parts (/{node_mask}), "
            f"none is left for node {node}",
            where="cluster.network.pods",
            hint="widen cluster.network.pods, or set a larger cluster.network.node_mask "
            "(fewer pods for each node)",
        )
    first = int(pods[0]) + (number << (pods.max_prefixlen - node_mask))
    return f"{type(pods[0])(first)}/{node_mask}"
