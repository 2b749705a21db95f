"""Pools: what the Azure API is sent for each, and which of Azure's pools is which of ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from kprov.model.cluster import ClusterSpec
from kprov.model.pools import PoolSpec, SpotSpec
from kprov.providers.aks.names import POOL
from kprov.providers.aks.wire import Json, overlay

_LONGEST = {"Linux": 12, "Windows": 6}
_SUFFIXES = "bcdefghijklmnopqrstuvwxyz"


def pool_properties(pool: PoolSpec, spec: ClusterSpec) -> Json:
    """A pool's properties as far as they were written, without its version."""
    spot = pool.spot if isinstance(pool.spot, SpotSpec) else SpotSpec()
    scale = pool.autoscale
    upgrade = pool.upgrade
    body = {
        "mode": pool.mode,
        "osType": pool.os,
        "osSKU": pool.os_sku,
        "vmSize": pool.vm_size,
        "count": None if scale else pool.count,
        "enableAutoScaling": True if scale else False if pool.count is not None else None,
        "minCount": scale and scale.min,
        "maxCount": scale and scale.max,
        "availabilityZones": None if pool.zones is None else [str(zone) for zone in pool.zones],
        "nodeLabels": pool.labels,
        "nodeTaints": pool.taints,
        "tags": pool.tags,
        "scaleSetPriority": "Spot" if pool.is_spot else "Regular",
        "scaleSetEvictionPolicy": spot.eviction if pool.is_spot else None,
        "spotMaxPrice": spot.max_price if pool.is_spot else None,
        "upgradeSettings": {
            "maxSurge": None if pool.surge is None else str(pool.surge),
            "maxUnavailable": (
                None if upgrade.max_unavailable is None else str(upgrade.max_unavailable)
            ),
            "drainTimeoutInMinutes": upgrade.drain_timeout,
            "nodeSoakDurationInMinutes": upgrade.soak,
        },
        "maxPods": pool.max_pods,
        "osDiskSizeGB": pool.disk_size,
        "osDiskType": pool.disk_type,
        "vnetSubnetID": pool.subnet,
        "podSubnetID": pool.pod_subnet,
        "enableNodePublicIP": pool.public_ip,
        "enableFIPS": pool.fips,
        "enableEncryptionAtHost": pool.host_encryption,
        "enableUltraSSD": pool.ultra_ssd,
        "kubeletConfig": pool.kubelet,
        "scaleDownMode": pool.scale_down_mode,
    }
    return overlay(_written(body), pool.extra)


def birth_of(pool: PoolSpec, spec: ClusterSpec, version: str | None = None) -> Json:
    """Everything a new pool is sent."""
    properties = pool_properties(pool, spec)
    base: Json = {"type": "VirtualMachineScaleSets", "tags": {POOL: pool.name}}
    if pool.autoscale:
        base["count"] = pool.autoscale.min
    wanted = pool.kubernetes or version
    if wanted:
        base["orchestratorVersion"] = wanted
    return overlay(base, properties)


def pools_of(pool: PoolSpec, spec: ClusterSpec, there: Mapping[str, Json]) -> tuple[str, ...]:
    """The names of Azure's pools that are this one: more than one while it is being replaced."""
    declared = {other.name for other in spec.pools}
    return tuple(
        name
        for name, body in there.items()
        if name == pool.name
        or (name not in declared and (body.get("tags") or {}).get(POOL) == pool.name)
    )


def successor_name(pool: PoolSpec, taken: Collection[str]) -> str:
    """The name of the pool that takes over: the written one, if nobody has it, or with a letter."""
    longest = _LONGEST[pool.os]
    for suffix in ("", *_SUFFIXES):
        name = f"{pool.name[: longest - len(suffix)]}{suffix}"
        if name not in taken:
            return name
    raise AssertionError("26 pools of one name")


def sent(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """What a pool is sent to become as wanted: all it has, and what is written over it.

    The autoscaler owns the number of nodes: it stays what it is. Setting `nodeImageVersion` would
    roll the image back (SDK docstring), states are read only.
    """
    merged = overlay({k: v for k, v in observed.items() if k not in _READ_ONLY}, wanted)
    if not merged.get("enableAutoScaling"):
        merged.pop("minCount", None)
        merged.pop("maxCount", None)
    elif not observed.get("enableAutoScaling"):
        count = int(merged.get("count") or 0)
        merged["count"] = max(merged["minCount"], min(count, merged["maxCount"]))
    return merged


_READ_ONLY = (
    "name", "eTag", "provisioningState", "powerState", "currentOrchestratorVersion",
    "nodeImageVersion", "status", "virtualMachineNodesStatus",
)  # fmt: skip


def _written(body: Mapping[str, Any]) -> Json:
    upgrade = {k: v for k, v in body["upgradeSettings"].items() if v is not None}
    kept = {key: value for key, value in body.items() if value is not None}
    if not upgrade:
        del kept["upgradeSettings"]
        return kept
    return {**kept, "upgradeSettings": upgrade}
