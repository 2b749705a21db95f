"""Microsoft's published examples: where they are, how one drives the SDK, how bodies compare."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.azure import defaults
from tests.azure.regions import Region
from tests.azure.sdk import Sdk
from tests.azure.state import Cluster, Group, Pool
from tests.azure.versions import Catalogue, Release
from tests.azure.world import World

Json = dict[str, Any]
LOCATION = "location1"
_POOL = {
    "provisioningState": "Succeeded",
    "currentOrchestratorVersion": "1.24.6",
    "nodeImageVersion": "AKSUbuntu:1604:2020.03.11",
}


def region() -> Region:
    """The location of the examples, with the versions that Microsoft lists for it."""
    listed = load("KubernetesVersions_List.json")["responses"]["200"]["body"]["values"]
    releases = tuple(
        Release(
            value["version"],
            tuple(value["patchVersions"]),
            preview=value.get("isPreview", False),
            plans=tuple(value["capabilities"]["supportPlan"]),
        )
        for value in listed
    )
    return Region(LOCATION, versions=Catalogue(releases, default="1.24"))


def folder() -> Path | None:
    """KPROV_AKS_EXAMPLES, or the folder beside the project; None when there is none."""
    beside = Path(__file__).parents[2].parent / "shared" / "research" / "aks-examples"
    found = Path(os.environ.get("KPROV_AKS_EXAMPLES") or beside)
    return found if (found / "ManagedClustersGet.json").exists() else None


def names() -> list[str]:
    """The examples, those that describe an operation."""
    found = folder()
    if found is None:
        return []
    return sorted(path.name for path in found.glob("[AKMT]*.json"))


def load(name: str) -> Json:
    """One example; the subscription is a placeholder in some."""
    found = folder()
    assert found is not None
    text = (
        (found / name)
        .read_text()
        .replace("{subscription-id}", "00000000-0000-4000-8000-00000000000a")
    )
    example: Json = json.loads(text)
    return example


def seed(world: World, example: Json) -> None:
    """What must exist before: the group, and the cluster and pool that the path names."""
    its = example["parameters"]
    subscription = world.subscribe(its["subscriptionId"])
    if "resourceGroupName" not in its:
        return
    group = Group(its["resourceGroupName"], "eastus")
    subscription.groups[group.name.lower()] = group
    if example["operationId"] == "ManagedClusters_ListByResourceGroup":
        its = its | {"resourceName": "clustername1"}
    if "resourceName" in its and example["operationId"] != "ManagedClusters_CreateOrUpdate":
        cluster = _cluster(its, example)
        group.clusters[cluster.name.lower()] = cluster


def _cluster(its: Json, example: Json) -> Cluster:
    body = (example["responses"].get("200") or {}).get("body") or {}
    if "value" in body and "managedClusters" in str(body["value"][0].get("type", "")):
        body = body["value"][0]
    shown = body.get("properties", {}) if "dnsPrefix" in body.get("properties", {}) else {}
    properties = {key: value for key, value in shown.items() if key != "agentPoolProfiles"}
    pools = [dict(pool) for pool in shown.get("agentPoolProfiles", [])]
    if "agentPoolName" in its and example["operationId"] != "AgentPools_CreateOrUpdate":
        shown_pool = body or (example["responses"].get("202") or {}).get("body") or {}
        pools = [{"name": its["agentPoolName"], **shown_pool.get("properties", {})}]
    if example["operationId"] == "AgentPools_List":
        pools = [{"name": it["name"], **it["properties"]} for it in body["value"]]
    basis = defaults.new_cluster(
        {"dnsPrefix": "dnsprefix1"},
        name=its["resourceName"],
        group=its["resourceGroupName"],
        location=LOCATION,
        version="1.25.4",
    )
    basis |= {"provisioningState": "Succeeded"}
    return Cluster(
        id=f"/subscriptions/{its['subscriptionId']}/resourcegroups/{its['resourceGroupName']}"
        f"/providers/Microsoft.ContainerService/managedClusters/{its['resourceName']}",
        name=its["resourceName"],
        group=its["resourceGroupName"],
        location=body.get("location", LOCATION),
        body={"tags": body.get("tags", {})},
        properties=properties or basis,
        pools={
            pool["name"]: Pool(
                pool.pop("name"),
                defaults.new_pool({"vmSize": "Standard_DS1_v2"}, "1.24.6") | _POOL | pool,
            )
            for pool in (pools or [{"name": "agent"}])
        },
    )


def call(sdk: Sdk, example: Json) -> Any:
    """Drive the SDK's method of this operation; the result as wire JSON."""
    its = example["parameters"]
    group, name = its.get("resourceGroupName"), its.get("resourceName")
    pool, body = its.get("agentPoolName"), its.get("parameters")
    clusters, pools = sdk.aks.managed_clusters, sdk.aks.agent_pools
    table: dict[str, Callable[[], Any]] = {
        "AgentPools_AbortLatestOperation": lambda: pools.begin_abort_latest_operation(
            group, name, pool
        ).result(),
        "AgentPools_CreateOrUpdate": lambda: pools.begin_create_or_update(
            group, name, pool, body
        ).result(),
        "AgentPools_Delete": lambda: pools.begin_delete(group, name, pool).result(),
        "AgentPools_Get": lambda: pools.get(group, name, pool),
        "AgentPools_GetAvailableAgentPoolVersions": lambda: pools.get_available_agent_pool_versions(
            group, name
        ),
        "AgentPools_GetUpgradeProfile": lambda: pools.get_upgrade_profile(group, name, pool),
        "AgentPools_List": lambda: _paged(pools.list(group, name)),
        "AgentPools_UpgradeNodeImageVersion": lambda: pools.begin_upgrade_node_image_version(
            group, name, pool
        ).result(),
        "ManagedClusters_ListKubernetesVersions": lambda: clusters.list_kubernetes_versions(
            its["location"]
        ),
        "MaintenanceConfigurations_CreateOrUpdate": lambda: (
            sdk.aks.maintenance_configurations.create_or_update(
                group, name, its["configName"], body
            )
        ),
        "ManagedClusters_AbortLatestOperation": lambda: clusters.begin_abort_latest_operation(
            group, name
        ).result(),
        "ManagedClusters_CreateOrUpdate": lambda: clusters.begin_create_or_update(
            group, name, body
        ).result(),
        "ManagedClusters_Delete": lambda: clusters.begin_delete(group, name).result(),
        "ManagedClusters_Get": lambda: clusters.get(group, name),
        "ManagedClusters_GetUpgradeProfile": lambda: clusters.get_upgrade_profile(group, name),
        "ManagedClusters_ListByResourceGroup": lambda: _paged(
            clusters.list_by_resource_group(group)
        ),
        "ManagedClusters_ListClusterAdminCredentials": lambda: (
            clusters.list_cluster_admin_credentials(group, name)
        ),
        "ManagedClusters_ListClusterUserCredentials": lambda: (
            clusters.list_cluster_user_credentials(group, name)
        ),
        "ManagedClusters_Stop": lambda: clusters.begin_stop(group, name).result(),
        "ManagedClusters_UpdateTags": lambda: clusters.begin_update_tags(
            group, name, body
        ).result(),
        "Profiles_CreateOrUpdate": lambda: sdk.traffic.profiles.create_or_update(
            group, its["profileName"], body
        ),
    }
    result = table[example["operationId"]]()
    return result.as_dict() if hasattr(result, "as_dict") else result


def _paged(items: Any) -> Json:
    return {"value": [item.as_dict() for item in items]}


def differences(ours: Any, theirs: Any, sent: Any, path: str = "") -> Iterator[str]:
    """Where our body lacks what the example's has: keys, types, and values that were sent."""
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            yield f"{path}: not an object"
            return
        for key, value in theirs.items():
            below = f"{path}.{key}" if path else key
            if key not in ours:
                yield f"{below}: missing"
            else:
                part = sent.get(key) if isinstance(sent, dict) else None
                yield from differences(ours[key], value, part, below)
    elif isinstance(theirs, list):
        if not isinstance(ours, list) or (theirs and not ours):
            yield f"{path}: no list, or an empty one"
            return
        for index, (mine, value) in enumerate(zip(ours, theirs, strict=False)):
            part = sent[index] if isinstance(sent, list) and index < len(sent) else None
            yield from differences(mine, value, part, f"{path}[{index}]")
    elif type(ours) is not type(theirs):
        yield f"{path}: {type(ours).__name__} instead of {type(theirs).__name__}"
    elif sent == theirs and str(ours).lower() != str(theirs).lower():
        yield f"{path}: {ours!r}, sent was {sent!r}"
