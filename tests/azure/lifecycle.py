"""What happens to a cluster from the moment a change is accepted to its end.

Source: recorded-traffic-facts.json (`put_create`, `get_after_create_adds`, `delete`); aks.md 6.
"""

from __future__ import annotations

from tests.azure import defaults
from tests.azure.arm import Call
from tests.azure.exchange import Json, Response
from tests.azure.operations import Operation
from tests.azure.state import Cluster

Versions = dict[str, str]
"""Pool name to the full version it will run; the control plane's under the empty name."""


def accepted(call: Call, operation: Operation, status: int, body: Json | None = None) -> Response:
    """An operation was started; deletes also say where its result will be."""
    headers = {"Azure-AsyncOperation": operation.url(call.request.base)}
    if status == 202:
        headers["Location"] = operation.url(call.request.base, "operationresults")
    return Response(status, body, headers)


def begin(call: Call, cluster: Cluster, kind: str, verb: str, versions: Versions) -> Operation:
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
        call.world.operations.start(
            Operation(
                subscription=call.subscription.id,
                location=cluster.location,
                resource=cluster.id,
                kind="background",
                verb="Updating",
                started=now,
                ends=now + settings.background,
                blocks=cluster.key,
            )
        )
