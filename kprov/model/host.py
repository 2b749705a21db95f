"""Host and Inventory: who there is, which groups they are in, how to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov.model.cluster import ClusterSpec, LoadBalancer
from kprov.model.errors import Location
from kprov.model.failover import FailoverSpec
from kprov.model.node import NodeSettings
from kprov.model.secret import Secret

BIN_DIRS = ("/usr/local/bin", "/opt/bin")
"""Where links to programs can be: the host variable `bin_dir`, the second where /usr is read-only.

Both are on the PATH of everything that kprov runs on hosts.
"""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a host over SSH; None means: as ssh_config and the agent say."""

    address: str
    user: str | None = None
    port: int | None = None
    private_key_file: str | None = None
    password: Secret | None = None
    become: bool = False
    become_password: Secret | None = None
    ssh_common_args: str = ""
    """Ansible's `ansible_ssh_common_args`: ProxyJump, ProxyCommand and -o options are honoured."""
    connect_timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Host:
    """One machine: its variables are merged already (all < groups < host)."""

    name: str
    connection: Connection
    groups: frozenset[str] = frozenset()
    vars: Mapping[str, Any] = field(default_factory=dict)
    node: NodeSettings = field(default_factory=NodeSettings)
    location: Location = field(default_factory=lambda: Location("inventory"))

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def is_control_plane(self) -> bool:
        """Whether an apiserver runs here."""
        return "kube_control_plane" in self.groups

    @property
    def is_schedulable(self) -> bool:
        """Whether ordinary pods may run here: members of kube_node."""
        return "kube_node" in self.groups


@dataclass(frozen=True, slots=True)
class Inventory:
    """All hosts in the order they were written, and the cluster spec beside them."""

    path: str
    cluster: ClusterSpec
    hosts: tuple[Host, ...]
    groups: Mapping[str, tuple[str, ...]]
    """Group name to host names, children included, in written order."""
    warnings: tuple[str, ...] = ()
    """Said once to the person: variables that are ignored, and why."""
    clusters: tuple[ClusterSpec, ...] = ()
    """Several managed clusters in one inventory; `cluster` is the first of them."""
    failover: FailoverSpec | None = None
    """What leads users to `clusters`."""
    fleet: str = ""
    """What `clusters` are called together."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Contents of the text files that the spec names, by the name that it gives them."""
    directory: str = ""
    """Folder of the inventory: relative paths in it, its roles and its state start there."""

    @property
    def name(self) -> str:
        """What the state folder is called: the cluster's name, or that of all together."""
        return self.fleet or self.cluster.name

    def host(self, name: str) -> Host:
        """The host of that name; KeyError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    def select(self, group: str) -> tuple[Host, ...]:
        """Hosts of a group in written order; `all` is everyone; unknown groups are empty."""
        if group == "all":
            return self.hosts
        names = set(self.groups.get(group, ()))
        return tuple(host for host in self.hosts if host.name in names)

    @property
    def etcd(self) -> tuple[Host, ...]:
        """Where etcd runs: the etcd group, otherwise the control planes."""
        return self.select("etcd") or self.select("kube_control_plane")

    @property
    def control_planes(self) -> tuple[Host, ...]:
        """Hosts that run the apiserver."""
        return self.select("kube_control_plane")

    @property
    def load_balancer(self) -> LoadBalancer | None:
        """How nodes reach the API; None: straight at the only control plane."""
        if self.cluster.load_balancer or not self.control_planes:
            return self.cluster.load_balancer
        if self.cluster.endpoint:
            return "external"
        return "local" if len(self.control_planes) > 1 else None

    @property
    def members(self) -> tuple[Host, ...]:
        """Hosts the cluster runs on, etcd included; others (a bastion, say) are left alone."""
        names = {host.name for host in (*self.etcd, *self.nodes)}
        return tuple(host for host in self.hosts if host.name in names)

    @property
    def nodes(self) -> tuple[Host, ...]:
        """Hosts that run a kubelet: control planes and kube_node."""
        return tuple(host for host in self.hosts if host.is_control_plane or host.is_schedulable)
