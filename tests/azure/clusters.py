"""Managed clusters: PUT, GET, DELETE, tags, stop and start, abort.

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
from tests.azure import versions as k8s
from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response
from tests.azure.merging import merge, merge_pool
from tests.azure.operations import Operation
from tests.azure.regions import Region, normal
from tests.azure.resource_groups import check_tags
from tests.azure.state import Cluster, Group, Pool

Versions = dict[str, str]


def accepted(call: Call, operation: Operation, status: int, body: Json | None = None) -> Response:
    """An operation was started; deletes also say where its result will be."""
    headers = {"Azure-AsyncOperation": operation.url(call.request.base)}
    if status == 202:
        headers["Location"] = operation.url(call.request.base, "operationresults")
    return Response(status, body, headers)


def put(call: Call) -> Response:
    """Create, or update as a whole."""
    name = call["name"]
    if call.strict:
        cluster_rules.check_name(name)
    group = call.subscription.group(call["group"])
    sent = schema.accepted("ManagedCluster", call.request.json(), strict=call.strict)
    cluster = group.clusters.get(name.lower())
    guards.check_preconditions(call, cluster.etag if cluster else None)
    check_tags(sent.get("tags") or {})
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
    pools = _new_pools(call, properties.get("agentPoolProfiles") or [], version, region)
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
    operation = _begin(call, cluster, "create", "Creating", versions)
    return accepted(call, operation, 201, describe.cluster(cluster))


def _new_pools(call: Call, sent: list[Json], version: str, region: Region) -> dict[str, Pool]:
    pools = {}
    for each in sent:
        wanted = {key: value for key, value in each.items() if key != "name" and value is not None}
        name = str(each.get("name"))
        full = defaults.new_pool(wanted, version)
        resolved = upgrades.first_pool_version(wanted.get("orchestratorVersion"), version, region)
        full |= {
            "provisioningState": "Creating",
            "currentOrchestratorVersion": resolved,
            "nodeImageVersion": defaults.node_image(full),
        }
        if call.strict:
            pool_rules.check_new(name, full, region)
            pool_rules.check_enabled_autoscaler(name, None, full)
        pools[name] = Pool(name, full)
    return pools


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
    pools, versions = _changed_pools(
        call, cluster, (sent.get("properties") or {}).get("agentPoolProfiles"), target, region
    )
    upgrading = target != current
    kind, verb = ("upgrade", "Upgrading") if upgrading else ("update", "Updating")
    cluster.body, cluster.properties = body, properties
    properties["provisioningState"] = verb
    for name, changed in pools.items():
        cluster.pools[name].properties = changed
        changed["provisioningState"] = verb
    operation = _begin(call, cluster, kind, verb, {"": target} | versions)
    return accepted(call, operation, 200, describe.cluster(cluster))


def _changed_pools(
    call: Call, cluster: Cluster, sent: list[Json] | None, control: str, region: Region
) -> tuple[dict[str, Json], Versions]:
    """Pools as they will be, those that change; new ones are refused (aks.md 6.1)."""
    if sent is None:
        sent = [{"name": name, **pool.properties} for name, pool in cluster.pools.items()]
    by_name = {str(each.get("name")): each for each in sent}
    if by_name.keys() - cluster.pools.keys():
        raise Refusal.bad_request(
            "A new agent pool was introduced. Adding agent pools to an existing cluster is not "
            "allowed through managed cluster operations. For agent pool specific change, please "
            "use per agent pool operations: https://aka.ms/agent-pool-rest-api",
            target="agentPoolProfiles",
        )
    missing = cluster.pools.keys() - by_name.keys()
    if (
        missing and call.strict
    ):  # what Azure does is not known (aks.md 10), so nobody may rely on it
        raise Refusal.bad_request(
            f"Agent pools are missing: {', '.join(sorted(missing))}.", target="agentPoolProfiles"
        )
    changed, versions = {}, {}
    for name, each in by_name.items():
        pool = cluster.pools[name]
        after, version = changed_pool(call, pool, each, control, region)
        if after != pool.properties:
            changed[name] = after
        versions[name] = version
    if call.strict:
        after_all = {name: pool.properties for name, pool in cluster.pools.items()} | changed
        pool_rules.check_one_system(after_all.values())
        for version in versions.values():
            k8s.check_skew(version, control)
    return changed, versions


def changed_pool(
    call: Call, pool: Pool, sent: Json, control: str, region: Region
) -> tuple[Json, str]:
    """A pool's properties after a PUT, checked, and the version it will run."""
    wanted = {
        key: value for key, value in sent.items() if key not in {"name", "orchestratorVersion"}
    }
    before = pool.properties
    after = defaults.spot(merge_pool(before, wanted))
    version = upgrades.pool(pool.name, before, sent.get("orchestratorVersion"), control, region)
    after["orchestratorVersion"] = sent.get("orchestratorVersion") or before["orchestratorVersion"]
    if not after["enableAutoScaling"] and before["enableAutoScaling"]:
        for key in ("minCount", "maxCount"):
            if wanted.get(key) is None:
                after.pop(key, None)
    if call.strict:
        pool_rules.check_change(pool.name, before, after)
        pool_rules.check_values(pool.name, after)
        pool_rules.check_enabled_autoscaler(pool.name, before, after)
        more = after["count"] - before["count"]
        if version != before["currentOrchestratorVersion"]:
            more += quota.surge(after)
        quota.check(call.subscription, region, [(after, more)])
    return after, version


def _begin(call: Call, cluster: Cluster, kind: str, verb: str, versions: Versions) -> Operation:
    """Start it; at its end states and current versions become what was wanted."""
    cluster.touch()
    busy = [pool for pool in cluster.pools.values() if pool.properties["provisioningState"] == verb]

    def end(state: str, pools_state: str) -> None:
        cluster.properties["provisioningState"] = state
        for pool in busy:
            pool.properties["provisioningState"] = pools_state
            pool.touch()
        cluster.touch()

    def succeed() -> None:
        _complete(call, cluster, versions)
        end("Succeeded", "Succeeded")
        if kind == "create":
            _background(call, cluster)

    def fail(stage: str) -> None:
        if kind == "create" and stage == "control-plane":
            cluster.properties.pop("fqdn", None)
        if stage != "control-plane" and "" in versions:
            cluster.properties["currentKubernetesVersion"] = versions[""]
        end("Failed", "Failed")

    return call.world.begin(
        call.subscription,
        cluster,
        cluster.id,
        kind,
        verb,
        succeed=succeed,
        fail=fail,
        cancel=lambda: end("Canceled", "Canceled"),
    )


def _complete(call: Call, cluster: Cluster, versions: Versions) -> None:
    properties = cluster.properties
    if versions.get(""):
        properties["currentKubernetesVersion"] = versions[""]
    host = properties.get("fqdnSubdomain") or properties.get("dnsPrefix") or cluster.name
    base = f"{host}-{defaults.suffix(host)}"
    properties.setdefault("fqdn", f"{base}.hcp.{cluster.location}.azmk8s.io")
    defaults.after_create(
        properties,
        subscription=call.subscription.id,
        name=cluster.name,
        location=cluster.location,
    )
    for name, version in versions.items():
        if name in cluster.pools:
            pool = cluster.pools[name]
            if pool.properties["currentOrchestratorVersion"] != version:
                pool.properties["nodeImageVersion"] = defaults.node_image(pool.properties)
            pool.properties["currentOrchestratorVersion"] = version


def _background(call: Call, cluster: Cluster) -> None:
    """The service works on for a while, and says so only when it refuses (telescope#1213)."""
    settings = call.world.settings
    if settings.background:
        now = call.world.clock.now
        nothing = {"succeed": lambda: None, "fail": lambda: None, "cancel": lambda: None}
        call.world.operations.start(
            Operation(
                call.subscription.id,
                cluster.location,
                cluster.id,
                "background",
                "Updating",
                now,
                now + settings.background,
                cluster.key,
                **nothing,
            )
        )


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
    return _begin(call, cluster, "update", "Updating", {})


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


def _power(call: Call, kind: str, verb: str, code: str) -> Response:
    cluster = call.subscription.cluster(call["group"], call["name"])
    guards.check_idle(call, cluster)
    cluster.properties["provisioningState"] = verb
    operation = _begin(call, cluster, kind, verb, {})
    cluster.properties["powerState"] = {"code": code}
    return accepted(call, operation, 202)


def stop(call: Call) -> Response:
    """https://learn.microsoft.com/azure/aks/start-stop-cluster."""
    return _power(call, "stop", "Stopping", "Stopped")


def start(call: Call) -> Response:
    """The way back."""
    return _power(call, "start", "Starting", "Running")


def rotate(call: Call) -> Response:
    """New certificates (aks.md 6.9: needed after local accounts were disabled)."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    guards.check_idle(call, cluster)
    cluster.properties["provisioningState"] = "Updating"
    operation = _begin(call, cluster, "update", "RotatingClusterCertificates", {})
    return accepted(call, operation, 202)


def abort(call: Call) -> Response:
    """End the running operation; 204 when there is none."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    running = call.world.operations.running(cluster.key)
    if not running:
        return Response(204)
    call.world.operations.abort(running[0])
    return accepted(call, running[0], 202)


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
    Route("POST", f"{_ONE}/stop", f"{_ACTIONS}/stop/action", stop, _SPACE),
    Route("POST", f"{_ONE}/start", f"{_ACTIONS}/start/action", start, _SPACE),
    Route(
        "POST",
        f"{_ONE}/rotateClusterCertificates",
        f"{_ACTIONS}/rotateClusterCertificates/action",
        rotate,
        _SPACE,
    ),
    Route("POST", f"{_ONE}/abort", f"{_ACTIONS}/abort/action", abort, _SPACE),
]
