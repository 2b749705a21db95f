"""Clusters and pools as the service writes them.

Case as recorded: ids say `resourcegroups`, the type says `ManagedClusters`.
"""

from __future__ import annotations

import copy

from tests.azure.exchange import Json
from tests.azure.state import Cluster, Pool


def cluster(it: Cluster) -> Json:
    """The body of a managed cluster."""
    properties = copy.deepcopy(it.properties)
    properties["agentPoolProfiles"] = [
        {"name": pool.name, **copy.deepcopy(pool.properties), "eTag": pool.etag}
        for pool in it.pools.values()
    ]
    return {
        "id": it.id,
        "name": it.name,
        "type": "Microsoft.ContainerService/ManagedClusters",
        "location": it.location,
        "eTag": it.etag,
        **copy.deepcopy(it.body),
        "properties": properties,
    }


def pool(owner: Cluster, it: Pool) -> Json:
    """The body of an agent pool."""
    return {
        "id": f"{owner.id}/agentPools/{it.name}",
        "name": it.name,
        "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "properties": {**copy.deepcopy(it.properties), "eTag": it.etag},
    }
