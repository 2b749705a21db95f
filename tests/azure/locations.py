"""What is asked of a location: versions, and how operations stand."""

from __future__ import annotations

from tests.azure import versions
from tests.azure.arm import Call, Route
from tests.azure.exchange import Json, Response
from tests.azure.regions import Region, normal
from tests.azure.state import Cluster, Pool


def _region(call: Call, location: str) -> Region:
    return call.world.settings.regions.get(normal(location), Region(normal(location)))


def kubernetes_versions(call: Call) -> Response:
    """`az aks get-versions`."""
    return Response(200, _region(call, call["location"]).versions.listed())


def poll(call: Call) -> Response:
    """Azure-AsyncOperation."""
    return call.world.operations.poll(call["operation"])


def result(call: Call) -> Response:
    """Location."""
    return call.world.operations.result(call["operation"], call.request)


def _upgrades(call: Call, cluster: Cluster, current: str) -> list[Json]:
    catalogue = _region(call, cluster.location).versions
    found = []
    for version in catalogue.upgrades(current):
        release = catalogue.release(version)
        entry: Json = {"kubernetesVersion": version}
        if release is not None and release.preview:
            entry["isPreview"] = True
        found.append(entry)
    return found


def _pool_upgrades(call: Call, cluster: Cluster, pool: Pool) -> list[Json]:
    control = cluster.properties["currentKubernetesVersion"]
    return [
        each
        for each in _upgrades(call, cluster, pool.properties["currentOrchestratorVersion"])
        if versions.parts(each["kubernetesVersion"]) <= versions.parts(control)
    ]


def upgrade_profile(call: Call) -> Response:
    """Where the control plane and its pools may go."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    current = cluster.properties["currentKubernetesVersion"]
    body = {
        "id": f"{cluster.id}/upgradeprofiles/default",
        "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/upgradeprofiles",
        "properties": {
            "controlPlaneProfile": {
                "name": "master",
                "kubernetesVersion": current,
                "osType": "Linux",
                "upgrades": _upgrades(call, cluster, current),
            },
            "agentPoolProfiles": [
                {
                    "name": pool.name,
                    "kubernetesVersion": pool.properties["currentOrchestratorVersion"],
                    "osType": pool.properties["osType"],
                    "upgrades": _pool_upgrades(call, cluster, pool),
                }
                for pool in cluster.pools.values()
            ],
        },
    }
    return Response(200, body)


def pool_versions(call: Call) -> Response:
    """Versions that a new pool may have: not newer than the control plane, not too old."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    control = cluster.properties["currentKubernetesVersion"]
    fitting = [
        version
        for version in _region(call, cluster.location).versions.patches()
        if versions.parts(version) <= versions.parts(control)
        and versions.minor(control) - versions.minor(version) <= versions.MAX_POOL_SKEW
    ]
    entries: list[Json] = [{"kubernetesVersion": version} for version in fitting]
    if entries:
        entries[-1]["default"] = True
    body = {
        "id": f"{cluster.id}/availableagentpoolversions",
        "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/availableAgentpoolVersions",
        "properties": {"agentPoolVersions": entries},
    }
    return Response(200, body)


def pool_upgrade_profile(call: Call) -> Response:
    """Where one pool may go: up to the control plane."""
    cluster = call.subscription.cluster(call["group"], call["name"])
    pool = cluster.pool(call["pool"])
    current = pool.properties["currentOrchestratorVersion"]
    body = {
        "id": f"{cluster.id}/agentPools/{pool.name}/upgradeprofiles/default",
        "name": "default",
        "type": "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
        "properties": {
            "kubernetesVersion": current,
            "osType": pool.properties["osType"],
            "latestNodeImageVersion": pool.properties["nodeImageVersion"],
            "upgrades": _pool_upgrades(call, cluster, pool),
        },
    }
    return Response(200, body)


_SPACE = "Microsoft.ContainerService"
_AT = "/providers/Microsoft.ContainerService/locations/{location}"
_ONE = "/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
_READ = "Microsoft.ContainerService/managedClusters"
ROUTES = [
    Route(
        "GET",
        f"{_AT}/kubernetesVersions",
        "Microsoft.ContainerService/locations/kubernetesVersions/read",
        kubernetes_versions,
        _SPACE,
    ),
    Route(
        "GET",
        _AT + "/operations/{operation}",
        "Microsoft.ContainerService/locations/operations/read",
        poll,
        _SPACE,
    ),
    Route(
        "GET",
        _AT + "/operationresults/{operation}",
        "Microsoft.ContainerService/locations/operationresults/read",
        result,
        _SPACE,
    ),
    Route(
        "GET",
        f"{_ONE}/upgradeProfiles/default",
        f"{_READ}/upgradeProfiles/read",
        upgrade_profile,
        _SPACE,
    ),
    Route(
        "GET",
        f"{_ONE}/availableAgentPoolVersions",
        f"{_READ}/availableAgentPoolVersions/read",
        pool_versions,
        _SPACE,
    ),
    Route(
        "GET",
        _ONE + "/agentPools/{pool}/upgradeProfiles/default",
        f"{_READ}/agentPools/upgradeProfiles/read",
        pool_upgrade_profile,
        _SPACE,
    ),
]
