"""Node pools of managed clusters: what people write under `cluster.pools`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kprov.model.spec import BareVersion, Spec


class AutoscaleSpec(Spec):
    """The cluster autoscaler owns the number of nodes, between these two."""

    min: int = Field(ge=0, le=1000)
    """Fewest nodes; a System pool needs 1 at least."""
    max: int = Field(ge=1, le=1000)
    """Most nodes."""


class SpotSpec(Spec):
    """Spare capacity at a lower price, taken back at any time."""

    max_price: float = -1
    """US dollars an hour for one node; -1: up to the ordinary price."""
    eviction: Literal["Delete", "Deallocate"] = "Delete"
    """What becomes of a node that is taken back."""


class PoolUpgradeSpec(Spec):
    """How nodes are replaced in an upgrade."""

    max_surge: str | int | None = None
    """Extra nodes at a time: a number, or per cent of the pool such as 33%."""
    max_unavailable: str | int | None = None
    """Nodes that may be missing at a time, where there is no quota for a surge."""
    drain_timeout: int | None = Field(default=None, ge=1, le=1440)
    """Minutes to wait for pods to leave a node."""
    soak: int | None = Field(default=None, ge=0, le=30)
    """Minutes to wait after each node."""


class PoolSpec(Spec):
    """One node pool. What is not written is left to Azure, and to whoever set it there."""

    name: str = ""
    """At most 12 lower-case letters and digits (Windows: 6), a letter first."""
    mode: Literal["System", "User"] = "User"
    """`System` pools run the cluster's own pods; there is one at least."""
    os: Literal["Linux", "Windows"] = "Linux"
    os_sku: str | None = None
    """Ubuntu, AzureLinux, Windows2022...; Linux ones can be changed in place."""
    vm_size: str = ""
    """Such as Standard_D4ds_v5. Another size is another pool: the nodes are replaced."""
    count: int | None = Field(default=None, ge=0, le=1000)
    """Number of nodes, without `autoscale`."""
    autoscale: AutoscaleSpec | None = None
    zones: list[int] | None = None
    """Availability zones of the region, such as [1, 2, 3]."""
    labels: dict[str, str] | None = None
    """All labels of the nodes; `{}` takes away those that were set before."""
    taints: list[str] | None = None
    """All taints, as KEY=VALUE:EFFECT; `[]` takes away those that were set before."""
    tags: dict[str, str] | None = None
    """Azure tags of the pool's resources."""
    spot: bool | SpotSpec = False
    """Spot nodes: true, or their terms."""
    max_surge: str | int | None = None
    """Short for `upgrade: {max_surge: ...}`."""
    upgrade: PoolUpgradeSpec = Field(default_factory=PoolUpgradeSpec)
    kubernetes: BareVersion | None = None
    """Another version than the cluster's: never newer, at most two minors older."""
    max_pods: int | None = Field(default=None, ge=10, le=250)
    """Most pods on one node."""
    disk_size: int | None = Field(default=None, ge=30, le=2048)
    """GB of the system disk."""
    disk_type: Literal["Managed", "Ephemeral"] | None = None
    subnet: str | None = None
    """Resource id of the subnet that nodes are in."""
    pod_subnet: str | None = None
    """Resource id of the subnet that pods are in."""
    public_ip: bool | None = None
    """A public address for every node."""
    fips: bool | None = None
    """An image with FIPS 140 cryptography."""
    host_encryption: bool | None = None
    """Encrypt disks and caches on the host."""
    ultra_ssd: bool | None = None
    kubelet: dict[str, Any] | None = None
    """`kubeletConfig` of the Azure API, such as {cpuManagerPolicy: static}."""
    scale_down_mode: Literal["Delete", "Deallocate"] | None = None
    """What becomes of a node that is not needed any more."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """Properties of the pool as the Azure API spells them, merged last."""

    @property
    def is_spot(self) -> bool:
        """Whether the nodes are Spot."""
        return self.spot is not False

    @property
    def surge(self) -> str | int | None:
        """Extra nodes in an upgrade, wherever it was written."""
        return self.upgrade.max_surge if self.max_surge is None else self.max_surge
