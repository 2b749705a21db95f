"""Agent pools through their own API.

Source: https://learn.microsoft.com/rest/api/aks/agent-pools; aks.md 6.1 to 6.6.
"""

from __future__ import annotations

from tests.azure import defaults, describe, guards, pool_rules, quota, schema, upgrades
from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response
from tests.azure.lifecycle import accepted
from tests.azure.operations import Operation
from tests.azure.pool_changes import changed_pool
from tests.azure.regions import Region
from tests.azure.state import Cluster, Pool


def _cluster(call: Call) -> Cluster:
    return call.subscription.cluster(call["group"], call["name"])


def _region(call: Call, cluster: Cluster) -> Region:
    return call.world.settings.regions.get(cluster.location, Region(cluster.location))


def put(call: Call) -> Response:
    """Create or update one pool."""
    cluster = _cluster(call)
    body = schema.accepted("AgentPool", call.request.json(), strict=call.strict)
    sent = body.get("properties") or {}
    pool = cluster.pools.get(call["pool"])
    guards.check_preconditions(call, pool.etag if pool else None)
    guards.check_bucket(call, cluster.location, "AgentPools")
    guards.check_idle(call, cluster)
    region = _region(call, cluster)
    if pool is None:
        return _create(call, cluster, region, sent)
    return _update(call, cluster, pool, region, sent)


def _create(call: Call, cluster: Cluster, region: Region, sent: Json) -> Response:
    name, control = call["pool"], cluster.properties["currentKubernetesVersion"]
    wanted = {key: value for key, value in sent.items() if value is not None}
    if call.strict and "mode" not in wanted:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.mode",
            "Required parameter mode is missing (null). See https://aka.ms/aks/system-node-pool",
        )
    version = upgrades.first_pool_version(wanted.get("orchestratorVersion"), control, region)
    full = defaults.new_pool(wanted, version) | {
        "provisioningState": "Creating",
        "currentOrchestratorVersion": version,
    }
    full["nodeImageVersion"] = defaults.node_image(full)
    if call.strict:
        if len(cluster.pools) >= cluster.properties["maxAgentPools"]:
            raise Refusal(
                400, "MaxAgentPoolCountReached", "The cluster has as many agent pools as it may."
            )
        pool_rules.check_new(name, full, region)
        pool_rules.check_enabled_autoscaler(name, None, full)
        quota.check(call.subscription, region, [(full, full["count"])])
    pool = Pool(name, full)
    cluster.pools[name] = pool
    operation = _begin(call, cluster, pool, "create", "Creating", version)
    return accepted(call, operation, 201, describe.pool(cluster, pool))


def _update(call: Call, cluster: Cluster, pool: Pool, region: Region, sent: Json) -> Response:
    control = cluster.properties["currentKubernetesVersion"]
    before = pool.properties
    after, version = changed_pool(call, pool, sent, control, region)
    if call.strict and before["mode"] == "System" and after["mode"] != "System":
        pool_rules.check_not_last_system(pool, cluster.pools.values())
    upgrading = version != before["currentOrchestratorVersion"]
    scaling = after["count"] != before["count"]
    kind, verb = "update", "Updating"
    if upgrading:
        kind, verb = "upgrade", "Upgrading"
    elif scaling:
        kind, verb = "scale", "Scaling"
    pool.properties = after | {"provisioningState": verb}
    operation = _begin(call, cluster, pool, kind, verb, version)
    return accepted(call, operation, 200, describe.pool(cluster, pool))


def _begin(
    call: Call, cluster: Cluster, pool: Pool, kind: str, verb: str, version: str
) -> Operation:
    pool.touch()
    cluster.touch()

    def end(state: str) -> None:
        pool.properties["provisioningState"] = state
        pool.touch()
        cluster.touch()

    def succeed() -> None:
        if pool.properties["currentOrchestratorVersion"] != version:
            pool.properties["nodeImageVersion"] = defaults.node_image(pool.properties)
        pool.properties["currentOrchestratorVersion"] = version
        end("Succeeded")

    return call.world.begin(
        call.subscription,
        cluster,
        f"{cluster.id}/agentPools/{pool.name}",
        kind,
        verb,
        succeed=succeed,
        fail=lambda _: end("Failed"),
        cancel=lambda: end("Canceled"),
    )


def get(call: Call) -> Response:
    """One pool."""
    cluster = _cluster(call)
    return Response(200, describe.pool(cluster, cluster.pool(call["pool"])))


def listed(call: Call) -> Response:
    """All pools of a cluster."""
    cluster = _cluster(call)
    return Response(
        200, {"value": [describe.pool(cluster, pool) for pool in cluster.pools.values()]}
    )


def delete(call: Call) -> Response:
    """Take a pool away; never the last system pool. 204 when there is none."""
    cluster = _cluster(call)
    pool = cluster.pools.get(call["pool"])
    if pool is None:
        return Response(204)
    guards.check_preconditions(call, pool.etag)
    guards.check_idle(call, cluster)
    if call.strict:
        pool_rules.check_not_last_system(pool, cluster.pools.values())
    pool.properties["provisioningState"] = "Deleting"
    pool.touch()

    def gone() -> None:
        cluster.pools.pop(pool.name, None)
        cluster.touch()

    def stays(_: str = "") -> None:
        pool.properties["provisioningState"] = "Failed"
        pool.touch()

    operation = call.world.begin(
        call.subscription,
        cluster,
        f"{cluster.id}/agentPools/{pool.name}",
        "delete",
        "Deleting",
        succeed=gone,
        fail=stays,
        cancel=stays,
    )
    return accepted(call, operation, 202)


def upgrade_image(call: Call) -> Response:
    """The newest node image."""
    cluster = _cluster(call)
    pool = cluster.pool(call["pool"])
    guards.check_idle(call, cluster)
    pool.properties["provisioningState"] = "UpgradingNodeImageVersion"
    pool.properties["nodeImageVersion"] = defaults.node_image(pool.properties)
    version = pool.properties["currentOrchestratorVersion"]
    operation = _begin(call, cluster, pool, "upgrade", "UpgradingNodeImageVersion", version)
    return accepted(call, operation, 202, describe.pool(cluster, pool))


def abort(call: Call) -> Response:
    """End the running operation of this pool; 204 when there is none."""
    cluster = _cluster(call)
    pool = cluster.pool(call["pool"])
    own = f"{cluster.id}/agentPools/{pool.name}"
    running = [op for op in call.world.operations.running(cluster.key) if op.resource == own]
    if not running:
        return Response(204)
    call.world.operations.abort(running[0])
    return accepted(call, running[0], 202)


_ACTIONS = "Microsoft.ContainerService/managedClusters/agentPools"
_ALL = (
    "/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}/agentPools"
)
_ONE = _ALL + "/{pool}"
_SPACE = "Microsoft.ContainerService"
ROUTES = [
    Route("GET", _ALL, f"{_ACTIONS}/read", listed, _SPACE),
    Route("PUT", _ONE, f"{_ACTIONS}/write", put, _SPACE),
    Route("GET", _ONE, f"{_ACTIONS}/read", get, _SPACE),
    Route("DELETE", _ONE, f"{_ACTIONS}/delete", delete, _SPACE),
    Route("POST", f"{_ONE}/abort", f"{_ACTIONS}/abort/action", abort, _SPACE),
    Route(
        "POST",
        f"{_ONE}/upgradeNodeImageVersion",
        f"{_ACTIONS}/upgradeNodeImageVersion/action",
        upgrade_image,
        _SPACE,
    ),
]
