"""Stop, start, new certificates, and the end of an operation before its time.

Source: https://learn.microsoft.com/rest/api/aks/managed-clusters
"""

from __future__ import annotations

from tests.azure import guards
from tests.azure.arm import Call, Route
from tests.azure.exchange import Response
from tests.azure.lifecycle import accepted, begin


def _power(call: Call, kind: str, verb: str, code: str) -> Response:
    cluster = call.subscription.cluster(call["group"], call["name"])
    guards.check_idle(call, cluster)
    cluster.properties["provisioningState"] = verb
    operation = begin(call, cluster, kind, verb, {})
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
    operation = begin(call, cluster, "update", "RotatingClusterCertificates", {})
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
