"""Names that kprov leaves in Azure, to know later what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kprov.model.cluster import ClusterSpec

CREATED = "kprov-cluster"
"""Tag of a cluster or resource group that kprov made; its value is the cluster's name."""
POOL = "kprov-pool"
"""Tag of a pool that kprov made; its value is the pool's name in the inventory."""
LEASE = "kprov-lease"
"""Tag of the resource group while an apply is at work; `-NAME` of the cluster follows."""
NAMESPACE = "Microsoft.ContainerService"


def is_ours(resource: Mapping[str, Any] | None, name: str) -> bool:
    """Whether kprov made this resource for the cluster of that name."""
    tags = (resource or {}).get("tags") or {}
    return bool(tags.get(CREATED) == name)


def cluster_id(spec: ClusterSpec) -> str:
    """The resource id of a cluster."""
    assert spec.azure is not None
    group = group_id(spec)
    return f"{group}/providers/{NAMESPACE}/managedClusters/{spec.name}"


def group_id(spec: ClusterSpec) -> str:
    """The resource id of its resource group."""
    assert spec.azure is not None
    azure = spec.azure
    return f"/subscriptions/{azure.subscription}/resourceGroups/{azure.resource_group.name}"
