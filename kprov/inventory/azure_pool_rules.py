"""What AKS would refuse in `cluster.pools`.

Sources: AKS documentation (use system node pools, Spot node pools, Windows node pools, multiple
node pools), Kubernetes' rules for labels and taints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kprov.inventory.faults import Fault, is_resource_id, resource_hint, tag_faults
from kprov.model.azure import AzureSpec
from kprov.model.cluster import ClusterSpec
from kprov.model.pools import PoolSpec, SpotSpec
from kprov.model.version import Version

_SUBNET = "Microsoft.Network/virtualNetworks"
_MOST_POOLS = 100
_SYSTEM_MAX_PODS = 30
_PRICE_DECIMALS = 5
_TAINT = re.compile(r"[\w.-]+(/[\w.-]+)?(=[\w.-]*)?:(NoSchedule|PreferNoSchedule|NoExecute)")
_LABEL = re.compile(r"([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?")
_RESERVED_LABELS = ("kubernetes.azure.com/", "kubernetes.io/", "k8s.io/")
_SURGE = re.compile(r"[1-9]\d*|[1-9]\d?%|100%|0|0%")


def pool_faults(spec: ClusterSpec, azure: AzureSpec | None) -> Iterator[Fault]:
    """Everything that is wrong in the pools of a cluster."""
    yield from _all_pools(spec)
    for number, pool in enumerate(spec.pools):
        for fault in _pool(pool, spec, azure):
            yield Fault(
                ("pools", number, *fault.path), f"pool {pool.name}: {fault.what}", fault.hint
            )


def _all_pools(spec: ClusterSpec) -> Iterator[Fault]:
    pools = spec.pools
    if not any(pool.mode == "System" for pool in pools):
        hint = "one pool at least has `mode: System`: the cluster's own pods run there"
        where = ("pools",) if pools else ("provider",)
        yield Fault(where, "there is no System pool", hint)
    if len(pools) > _MOST_POOLS:
        yield Fault(("pools",), f"{len(pools)} pools, expected at most {_MOST_POOLS}")
    for number, pool in enumerate(pools):
        if pool.name in [other.name for other in pools[:number]]:
            yield Fault(("pools", number, "name"), f"a second pool is called {pool.name!r}")


def _pool(pool: PoolSpec, spec: ClusterSpec, azure: AzureSpec | None) -> Iterator[Fault]:
    yield from _name(pool)
    yield from _size(pool)
    if pool.mode == "System":
        yield from _system(pool)
    if pool.is_spot:
        yield from _spot(pool)
    if pool.os == "Windows":
        yield from _windows(pool, azure)
    yield from _zones(pool)
    yield from _labels(pool)
    yield from _upgrade(pool, spec)
    yield from tag_faults(("tags",), pool.tags or {})
    for field in ("subnet", "pod_subnet"):
        value = getattr(pool, field)
        if value is not None and not is_resource_id(value, _SUBNET):
            hint = f"{resource_hint(_SUBNET)}/subnets/NAME"
            yield Fault((field,), f"{value!r} is not the id of a subnet", hint)
    if pool.autoscale and azure and azure.node_autoprovision == "Auto":
        hint = "keep one of `node_autoprovision: Auto` and `autoscale`"
        yield Fault(
            ("autoscale",), "node autoprovisioning and the autoscaler exclude each other", hint
        )


def _name(pool: PoolSpec) -> Iterator[Fault]:
    longest = 6 if pool.os == "Windows" else 12
    if not pool.name:
        yield Fault((), "it has no `name`")
    elif not re.fullmatch(r"[a-z][a-z0-9]*", pool.name) or len(pool.name) > longest:
        hint = f"at most {longest} lower-case letters and digits, a letter first"
        windows = " of a Windows pool" if pool.os == "Windows" else ""
        yield Fault(("name",), f"this cannot be the name{windows}", hint)


def _size(pool: PoolSpec) -> Iterator[Fault]:
    scale = pool.autoscale
    if scale and scale.min > scale.max:
        what = f"`autoscale.min` {scale.min} is more than `autoscale.max` {scale.max}"
        yield Fault(("autoscale",), what)
    if scale and pool.count is not None:
        hint = "the autoscaler owns the number of nodes: remove `count` or `autoscale`"
        yield Fault(("count",), "`count` and `autoscale` exclude each other", hint)
    if not pool.vm_size:
        yield Fault(("vm_size",), "it has no `vm_size`", "such as Standard_D4ds_v5")
    elif not re.fullmatch(r"[A-Z][a-z]+_\w+", pool.vm_size):
        what = f"`vm_size` is {pool.vm_size!r}, expected a name such as Standard_D4ds_v5"
        yield Fault(("vm_size",), what, "az vm list-skus --location REGION")


def _system(pool: PoolSpec) -> Iterator[Fault]:
    if pool.is_spot:
        hint = "the cluster's own pods need nodes that stay: make it a User pool, or not Spot"
        yield Fault(("spot",), "a System pool cannot be Spot", hint)
    if pool.count == 0 or (pool.autoscale and pool.autoscale.min == 0):
        field = "count" if pool.count == 0 else "autoscale"
        yield Fault((field,), "a System pool has one node at least")
    if pool.os == "Windows":
        yield Fault(("os",), "a System pool runs Linux")
    if pool.max_pods is not None and pool.max_pods < _SYSTEM_MAX_PODS:
        yield Fault(("max_pods",), f"a System pool needs `max_pods` of {_SYSTEM_MAX_PODS} at least")
    if re.match(r"Standard_B\d", pool.vm_size):
        hint = "take 4 vCPUs and 4 GiB at least, such as Standard_D4ds_v5"
        yield Fault(("vm_size",), "a System pool cannot run on burstable B sizes", hint)


def _spot(pool: PoolSpec) -> Iterator[Fault]:
    if not isinstance(pool.spot, SpotSpec):
        return
    price = pool.spot.max_price
    if price != -1 and (price <= 0 or round(price, _PRICE_DECIMALS) != price):
        what = (
            f"`spot.max_price` is {price}, expected -1 or dollars with {_PRICE_DECIMALS} decimals"
        )
        yield Fault(("spot",), what, "-1: up to the ordinary price")


def _windows(pool: PoolSpec, azure: AzureSpec | None) -> Iterator[Fault]:
    network = azure.network if azure else None
    if network and network.dataplane == "cilium":
        yield Fault(("os",), "Windows nodes have no Cilium", "remove `dataplane: cilium`")
    elif network and network.plugin not in (None, "azure"):
        yield Fault(("os",), "Windows nodes need `network.plugin: azure`")
    if pool.os_sku and not pool.os_sku.startswith("Windows"):
        yield Fault(("os_sku",), f"{pool.os_sku} is not Windows", "such as Windows2022")
    if pool.kubelet is not None:
        yield Fault(("kubelet",), "`kubelet` settings are for Linux nodes")
    if pool.public_ip:
        yield Fault(("public_ip",), "Windows nodes cannot have public addresses")


def _zones(pool: PoolSpec) -> Iterator[Fault]:
    zones = pool.zones or []
    for number, zone in enumerate(zones):
        if zone not in (1, 2, 3):
            yield Fault(("zones", number), f"there is no zone {zone}", "regions have 1, 2 and 3")
        elif zone in zones[:number]:
            yield Fault(("zones", number), f"zone {zone} is named twice")
    if pool.extra.get("proximityPlacementGroupID") and len(zones) > 1:
        what = "a proximity placement group is in one zone"
        yield Fault(("zones",), what, "one zone, or no `proximityPlacementGroupID`")
    if zones and str(pool.extra.get("type", "")).lower() == "availabilityset":
        what = "availability sets know no zones, and are retired"
        yield Fault(("zones",), what, "remove `extra.type`: pools are scale sets")
    if pool.ultra_ssd and pool.zones == []:
        yield Fault(("ultra_ssd",), "ultra disks need `zones`")


def _labels(pool: PoolSpec) -> Iterator[Fault]:
    for key, value in (pool.labels or {}).items():
        if not _LABEL.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            yield Fault(("labels", key), f"{key}={value} cannot be a label")
        elif key.startswith(_RESERVED_LABELS):
            yield Fault(("labels", key), f"the label {key} belongs to the system")
    for number, taint in enumerate(pool.taints or []):
        if not _TAINT.fullmatch(taint):
            hint = "such as CriticalAddonsOnly=true:NoSchedule"
            yield Fault(("taints", number), f"{taint!r} is not KEY=VALUE:EFFECT", hint)


def _upgrade(pool: PoolSpec, spec: ClusterSpec) -> Iterator[Fault]:
    if pool.max_surge is not None and pool.upgrade.max_surge is not None:
        yield Fault(("max_surge",), "`max_surge` is written twice", "keep one")
    if pool.surge is not None and not _SURGE.fullmatch(str(pool.surge)):
        yield Fault(("max_surge",), f"{pool.surge!r} is neither a number nor per cent")
    if pool.kubernetes is None or "kubernetes" not in spec.model_fields_set:
        return
    own, cluster = Version.parse(pool.kubernetes), spec.version
    if (own.major, own.minor) > (cluster.major, cluster.minor):
        what = f"`kubernetes` {pool.kubernetes} is newer than the cluster's {spec.kubernetes}"
        yield Fault(("kubernetes",), what, "nodes are never newer than the control plane")
    elif cluster.minor - own.minor > 2:
        what = f"`kubernetes` {pool.kubernetes} is more than two minors behind {spec.kubernetes}"
        yield Fault(("kubernetes",), what)
