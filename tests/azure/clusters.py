"""Managed clusters: PUT, GET, DELETE, tags.

Source: recorded-traffic-facts.json; https://learn.microsoft.com/rest/api/aks/managed-clusters.
"""

from __future__ import annotations

import copy

from tests.azure import (
    cluster_rules,
    defaults,
    describe,
    guards,
    pool_rules,
    quota,
    schema,
    upgrades,
)
from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response
from tests.azure.lifecycle import accepted, begin
from tests.azure.merging import merge
from tests.azure.operations import Operation
from tests.azure.pool_changes import changed_pools, new_pools
from tests.azure.regions import Region, normal
from tests.azure.resource_groups import check_alive
from tests.azure.state import Cluster, Group
from tests.azure.tag_rules import check_tags


def put(call: Call) -> Response:
    """Create, or update as a whole."""
    name = call["name"]
    if call.strict:
        cluster_rules.check_name(name)
    group = call.subscription.group(call["group"])
    check_alive(group)
    sent = schema.accepted("ManagedCluster", call.request.json(), strict=call.strict)
    cluster = group.clusters.get(name.lower())
    guards.check_preconditions(call, cluster.etag if cluster else None)
    check_tags(sent.get("tags") or {})
    if call.strict:
        cluster_rules.check_sent(sent.get("properties") or {})
    region = _region(call, sent)
    guards.check_bucket(call, region.name, "ManagedClusters")
    if cluster is None:
        return _create(call, group, region, sent)
    return _update(call, cluster, region, sent)


def _region(call: Call, sent: Json) -> Region:
    location = normal(str(sent.get("location") or ""))
    if not location:
        raise Refusal(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
            by_arm=True,
        )
    regions = call.world.settings.regions
    if location in regions:
        return regions[location]
    if not call.strict:
        return Region(location)
    raise Refusal(
        400,
        "LocationNotAvailableForResourceType",
        f"The provided location '{location}' is not available for resource type "
        "'Microsoft.ContainerService/managedClusters'. List of available regions for the resource "
        f"type is '{','.join(regions)}'.",
        by_arm=True,
    )


def _create(call: Call, group: Group, region: Region, sent: Json) -> Response:
    name, properties = call["name"], sent.get("properties") or {}
    if call.strict:
        cluster_rules.check_new(sent, properties)
    lts = properties.get("supportPlan") == "AKSLongTermSupport"
    version = upgrades.first_version(name, properties.get("kubernetesVersion"), region, lts=lts)
    full = defaults.new_cluster(
        properties, name=name, group=group.name, location=region.name, version=version
    )
    pools = new_pools(call, properties.get("agentPoolProfiles") or [], version, region)
    body = _body(call, name, {}, sent)
    if call.strict:
        if full.get("aadProfile"):
            full["aadProfile"].setdefault("tenantID", call.subscription.tenant)
        cluster_rules.check_values(body, full, call.subscription.tenant)
        pool_rules.check_one_system(pool.properties for pool in pools.values())
        wanted = [(pool.properties, pool.properties["count"]) for pool in pools.values()]
        quota.check(call.subscription, region, wanted)
    cluster = Cluster(
        id=f"/subscriptions/{call.subscription.id}/resourcegroups/{group.name}/providers/"
        f"Microsoft.ContainerService/managedClusters/{name}",
        name=name,
        group=group.name,
        location=region.name,
        body=body,
        properties=full,
        pools=pools,
    )
    _make_node_group(call, cluster)
    group.clusters[name.lower()] = cluster
    versions = {"": version} | {
        pool: it.properties["orchestratorVersion"] for pool, it in pools.items()
    }
    operation = begin(call, cluster, "create", "Creating", versions)
    return accepted(call, operation, 201, describe.cluster(cluster))


def _body(call: Call, name: str, before: Json, sent: Json) -> Json:
    """Tags, sku and identity: tags are replaced, the others kept when they are left out."""
    body: Json = {
        "sku": {"name": "Base", "tier": "Free"} | before.get("sku", {}) | (sent.get("sku") or {})
    }
    body["tags"] = dict(sent.get("tags") or {})
    identity = sent.get("identity") or before.get("identity")
    if identity:
        body["identity"] = defaults.identity(identity, call.subscription.tenant, name)
    return body


def _make_node_group(call: Call, cluster: Cluster) -> None:
    """The group of the nodes must not exist yet (aks.md 5, row 8)."""
    name = cluster.properties["nodeResourceGroup"]
    if call.strict and name.lower() in call.subscription.groups:
        raise Refusal.bad_request(
            f"The node resource group '{name}' already exists. It must not exist before the "
            "cluster is created.",
            target="nodeResourceGroup",
        )
    call.subscription.groups[name.lower()] = Group(name, cluster.location, managed_by=cluster.id)


def _update(call: Call, cluster: Cluster, region: Region, sent: Json) -> Response:
    if cluster.location != region.name:
        raise Refusal(
            409,
            "InvalidResourceLocation",
            f"The resource '{cluster.name}' already exists in location '{cluster.location}' in "
            f"resource group '{cluster.group}'. A resource with the same name cannot be created in "
            f"location '{region.name}'. Please select a new resource name.",
            by_arm=True,
        )
    guards.check_idle(call, cluster)
    wanted = {k: v for k, v in (sent.get("properties") or {}).items() if k != "agentPoolProfiles"}
    wanted_version = wanted.pop("kubernetesVersion", None)
    properties = defaults.complete(merge(cluster.properties, wanted))
    current = properties["currentKubernetesVersion"]
    lts = properties.get("supportPlan") == "AKSLongTermSupport"
    target = upgrades.control_plane(cluster.name, current, wanted_version, region, lts=lts)
    properties["kubernetesVersion"] = wanted_version or properties["kubernetesVersion"]
    body = _body(call, cluster.name, cluster.body, sent)
    if call.strict:
        cluster_rules.check_change(cluster, body, properties)
        cluster_rules.check_values(body, properties, call.subscription.tenant)
    pools, versions = changed_pools(
        call, cluster, (sent.get("properties") or {}).get("agentPoolProfiles"), target, region
    )
    upgrading = target != current
    kind, verb = ("upgrade", "Upgrading") if upgrading else ("update", "Updating")
    cluster.body, cluster.properties = body, properties
    properties["provisioningState"] = verb
    for name, changed in pools.items():
        cluster.pools[name].properties = changed
        changed["provisioningState"] = verb
    operation = begin(call, cluster, kind, verb, {"": target} | versions)
    return accepted(call, operation, 200, describe.cluster(cluster))


def get(call: Call) -> Response:
    """One cluster."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    return Response(200, describe.cluster(cluster))


def listed(call: Call) -> Response:
    """All clusters of a group."""
    clusters = call.subscription.group(call["group"]).clusters.values()
    return Response(200, {"value": [describe.cluster(each) for each in clusters]})


def listed_all(call: Call) -> Response:
    """All clusters of the subscription."""
    return Response(
        200, {"value": [describe.cluster(each) for each in call.subscription.clusters()]}
    )


def patch_tags(call: Call) -> Response:
    """Tags only, as a whole; an operation like others (SDK: 200 or 202)."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    guards.check_preconditions(call, cluster.etag)
    sent = call.request.json()
    if sent.keys() - {"tags"}:
        raise Refusal.bad_request("Only tags can be updated by PATCH.")
    tags = dict(sent.get("tags") or {})
    check_tags(tags)
    operation = set_tags(call, cluster, tags)
    return accepted(call, operation, 200, describe.cluster(cluster))


def set_tags(call: Call, cluster: Cluster, tags: dict[str, str]) -> Operation:
    """Replace the tags."""
    guards.check_idle(call, cluster)
    cluster.body = copy.deepcopy(cluster.body) | {"tags": tags}
    cluster.properties["provisioningState"] = "Updating"
    return begin(call, cluster, "update", "Updating", {})


def delete(call: Call) -> Response:
    """The cluster and the group of its nodes; 204 when there is none."""
    group = call.subscription.group(call["group"])
    cluster = group.clusters.get(call["name"].lower())
    if cluster is None:
        return Response(204)
    guards.check_preconditions(call, cluster.etag)
    guards.check_idle(call, cluster)
    cluster.properties["provisioningState"] = "Deleting"
    cluster.touch()

    def gone() -> None:
        group.clusters.pop(cluster.name.lower(), None)
        call.subscription.groups.pop(cluster.properties["nodeResourceGroup"].lower(), None)

    def stays(_: str = "") -> None:
        cluster.properties["provisioningState"] = "Failed"
        cluster.touch()

    operation = call.world.begin(
        call.subscription,
        cluster,
        cluster.id,
        "delete",
        "Deleting",
        succeed=gone,
        fail=stays,
        cancel=stays,
    )
    return accepted(call, operation, 202)


_ACTIONS = "Microsoft.ContainerService/managedClusters"
_ONE = "/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
_SPACE = "Microsoft.ContainerService"
ROUTES = [
    Route("PUT", _ONE, f"{_ACTIONS}/write", put, _SPACE),
    Route("GET", _ONE, f"{_ACTIONS}/read", get, _SPACE),
    Route("PATCH", _ONE, f"{_ACTIONS}/write", patch_tags, _SPACE),
    Route("DELETE", _ONE, f"{_ACTIONS}/delete", delete, _SPACE),
    Route("GET", _ONE.removesuffix("/{name}"), f"{_ACTIONS}/read", listed, _SPACE),
    Route(
        "GET",
        "/providers/Microsoft.ContainerService/managedClusters",
        f"{_ACTIONS}/read",
        listed_all,
        _SPACE,
    ),
]
