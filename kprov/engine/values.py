"""What the templates of a host's roles see, and every host's address. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kprov.core import etcd
from kprov.core.addresses import (
    ETHERNET_MTU,
    endpoint_parts,
    found_address,
    interface_of,
    known_address,
    mtu_of,
)
from kprov.core.virtual_address import virtual_address
from kprov.engine.node_values import kubelet_of, node_object
from kprov.engine.proxy import proxy_mode
from kprov.engine.registries import Registry
from kprov.lang.families import family_of
from kprov.lang.gates import gates_for
from kprov.lang.pending import Pending
from kprov.model.cluster import ClusterSpec, LoadBalancer
from kprov.model.errors import InputError
from kprov.model.facts import Facts
from kprov.model.host import BIN_DIRS, Host, Inventory
from kprov.model.version import Version

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Machine names of the kernel to those of release files."""


@dataclass(frozen=True, slots=True)
class Node:
    """A host as templates see it; what is not known yet is `Pending`.

    `addresses`: one for each family of the cluster, `address` is the first. `pod_cidr`: its part of
    the pods' ranges, with a comma between two. `mtu`: the largest packet, in bytes, of the
    interface with its address.
    """

    name: str
    address: Any
    pod_cidr: str
    mtu: Any = ETHERNET_MTU
    addresses: Any = ()

    @property
    def hardware_address(self) -> str:
        """Its own on the tunnel between the nodes: made from its name, so all know it beforehand.

        A locally administered one (IEEE 802: the second lowest bit of the first byte).
        """
        digest = hashlib.sha256(f"kprov pods {self.name}".encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API is reached: `server` by nodes, `local_server` on a control plane."""

    server: Any
    local_server: str
    host: Any
    port: int
    balancer: LoadBalancer | None
    """How nodes get there: `local`, `external`, `keepalived`, or straight to one control plane."""


@dataclass(frozen=True, slots=True)
class Etcd:
    """Whether a host `joins` a cluster that is there, and the `others` that have its data."""

    joins: bool
    others: list[Node]


@dataclass(frozen=True, slots=True)
class World:
    """All that is the same for every host of a run; facts are empty before the look."""

    inventory: Inventory
    versions: Mapping[str, str]
    pod_cidrs: Mapping[str, str]
    facts: Mapping[str, Facts]
    registries: tuple[Registry, ...] = ()

    @property
    def cluster(self) -> ClusterSpec:
        """The cluster spec."""
        return self.inventory.cluster


def address(host: Host, facts: Mapping[str, Facts], family: int = 4) -> Any:
    """A host's address in the cluster; Pending before the look; InputError when it has none."""
    known = known_address(host, family)
    if known is not None:
        return known
    if host.name not in facts:
        return Pending(f"the address of {host.name}")
    found = found_address(facts[host.name], family)
    if found:
        return found
    raise InputError(
        f"the IPv{family} address of {host.name} is not known", where=host.location,
        hint=f"give it `ip{'6' if family == 6 else ''}: ADDRESS`: the address others reach it at",
    )  # fmt: skip


def addresses(world: World, host: Host) -> tuple[Any, ...]:
    """A host's addresses of all families of the cluster; where no pods run, the first will do."""
    families = world.cluster.network.families
    if not (host.is_control_plane or host.is_schedulable):
        families = families[:1]
    return tuple(address(host, world.facts, family) for family in families)


def host_values(world: World, host: Host) -> dict[str, Any]:
    """The variables of a host's templates; facts that are not there yet are Pending."""
    inventory, cluster = world.inventory, world.cluster
    nodes = [_node(its, world) for its in inventory.nodes]
    gates = gates_for({"kubernetes": cluster.kubernetes, **world.versions})
    dual_stack = len(cluster.network.families) > 1
    return {
        "host": host,
        "bin_dir": host.vars.get("bin_dir", BIN_DIRS[0]),
        "cluster": cluster,
        "kubernetes": cluster.version,
        "versions": {name: Version.parse(text) for name, text in world.versions.items()},
        "gate": gates,
        "facts": _facts_of(host, world),
        "node": _node(host, world),
        "kubelet": kubelet_of(host, cluster.kubelet),
        "nodes": nodes,
        "node_object": node_object(host, gates, world.facts),
        "node_objects": [node_object(its, gates, world.facts) for its in inventory.nodes],
        "peers": [node for node in nodes if node.name != host.name],
        "etcd": _etcd(world, host),
        "virtual_interface": _interface(world, host),
        "etcd_members": [_node(its, world) for its in inventory.etcd],
        "control_planes": [_node(its, world) for its in inventory.control_planes],
        "api": api(world),
        "registries": world.registries,
        "no_proxy": no_proxy(world),
        "proxy_mode": proxy_mode(inventory, world.facts, host, gates),
        "dual_stack": dual_stack,
        "dual_stack_gate": {"IPv6DualStack": True}
        if dual_stack and gates["dual_stack_feature_gate"]
        else {},
        "dns_address": cluster.service_address(10),
        "unit_mode": "0600" if cluster.hardening == "cis" else "0644",
        "files": inventory.texts,
        "services_first_address": cluster.service_address(1),
    }


def no_proxy(world: World) -> Any:
    """What is reached without the proxy, a list; Pending while an address is not known."""
    cluster, reached = world.cluster, api(world).host
    members = [its for host in world.inventory.members for its in addresses(world, host)]
    pending = next((its for its in (reached, *members) if isinstance(its, Pending)), None)
    if pending is not None:
        return pending
    network = cluster.network
    inside = ["localhost", "127.0.0.0/8", "::1", ".svc", f".{network.domain}"]
    ranges = [*network.pod_ranges, *network.service_ranges]
    own = cluster.proxy.no_proxy if cluster.proxy else []
    return list(dict.fromkeys([*inside, *ranges, reached, *members, *own]))


def _interface(world: World, host: Host) -> Any:
    """Where a control plane holds the virtual address; Pending before the look."""
    if host.name not in world.facts:
        return Pending(f"facts of {host.name}")
    virtual = virtual_address(world.inventory)
    return interface_of(world.facts[host.name], virtual) if virtual else ""


def _etcd(world: World, host: Host) -> Any:
    """How this host comes to be a member; Pending before the look."""
    if host.name not in world.facts:
        return Pending(f"facts of {host.name}")
    others = [
        _node(its, world)
        for its in world.inventory.members
        if its.name in world.facts and its.name != host.name and etcd.formed(world.facts[its.name])
    ]
    return Etcd(etcd.joins(world.facts[host.name], world.facts.values()), others)


def api(world: World) -> Api:
    """The API's address for nodes: this host's proxy, the endpoint, or the one control plane."""
    port, balancer = world.cluster.kube_apiserver.port, world.inventory.load_balancer
    local = f"https://127.0.0.1:{port}"
    endpoint = world.cluster.endpoint
    if balancer == "local":
        its_port = world.cluster.load_balancer_port
        return Api(f"https://127.0.0.1:{its_port}", local, "127.0.0.1", its_port, balancer)
    if endpoint:
        reached, text = endpoint_parts(endpoint)
        return Api(f"https://{endpoint}", local, reached, int(text), balancer)
    first = addresses(world, world.inventory.control_planes[0])[0]
    if isinstance(first, Pending):
        return Api(first, local, first, port, balancer)
    return Api(f"https://{_bracketed(first)}:{port}", local, first, port, balancer)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _node(host: Host, world: World) -> Node:
    its = addresses(world, host)
    return Node(
        name=host.name,
        address=its[0],
        pod_cidr=world.pod_cidrs.get(host.name, ""),
        mtu=_mtu(host, its[0], world.facts),
        addresses=its,
    )


def _mtu(host: Host, its: Any, facts: Mapping[str, Facts]) -> Any:
    if host.name in facts:
        return mtu_of(facts[host.name], str(its))
    return Pending(f"the network interface of {host.name}")


def _facts_of(host: Host, world: World) -> Any:
    """A host's facts, Pending before the look."""
    if host.name in world.facts:
        return _facts(world.facts[host.name])
    return Pending(f"facts of {host.name}")


def _facts(facts: Facts) -> dict[str, Any]:
    """Facts as values: yes and no as booleans, digits as numbers."""
    values: dict[str, Any] = {name: _value(text) for name, text in facts.base.items()}
    values["arch"] = ARCHITECTURES.get(facts.get("arch"), facts.get("arch"))
    values["os_family"] = family_of(facts.get("os_id"), facts.get("os_like"))
    values["tools"] = [
        name.removeprefix("tool_") for name in facts.base if name.startswith("tool_")
    ]
    return values


def _value(text: str) -> Any:
    if text in ("yes", "no"):
        return text == "yes"
    return int(text) if text.isdigit() else text
