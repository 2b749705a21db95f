"""What must stand before any check: the API answers, nodes are Ready."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kprov.engine.verify.api import Api, ApiError
from kprov.engine.verify.node_view import NodeView, read_node, tolerations_for
from kprov.engine.verify.resources import NODES, cron_jobs, endpoint_slices
from kprov.engine.verify.session import Server
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_at
from kprov.model.version import Version

_NOT_FOUND = 404
_NODE_HINT = "`journalctl -u kubelet` and `journalctl -u containerd` on that node"


@dataclass(frozen=True, slots=True)
class Ground:
    """The nodes that take part, and what ordinary pods must tolerate to run on them."""

    nodes: tuple[NodeView, ...]
    tolerations: tuple[JsonObject, ...]
    not_ready: tuple[NodeView, ...]

    @property
    def takes_pods(self) -> bool:
        """Whether any node takes ordinary pods, with the tolerations."""
        keys = {toleration["key"] for toleration in self.tolerations}
        return any(node.takes_pods(tolerated=keys) for node in self.nodes)


def look_at_server(api: Api) -> Server:
    """Ask the API what it is and serves. Raises ApiUnreachableError or ApiError."""
    version = str(api.get("/version")["gitVersion"])
    return Server(
        version=version,
        cron_jobs=cron_jobs("batch/v1" if _serves_cron_jobs(api) else "batch/v1beta1"),
        endpoint_slices=endpoint_slices(_preferred(api, "discovery.k8s.io")),
        makes_token_secrets=makes_token_secrets(version),
    )


def makes_token_secrets(version: str) -> bool:
    """Whether this release makes token Secrets by itself.

    Feature gate LegacyServiceAccountTokenNoAutoGeneration, on since Kubernetes 1.24.
    """
    try:
        return not Version.parse(version).at_least("1.24")
    except ValueError:
        return False


def look_at_nodes(api: Api, seconds: float) -> Ground:
    """Read the nodes once all of them are Ready, or as they are after that many seconds."""
    deadline = time.monotonic() + seconds

    def all_ready(found: Objects) -> Objects | None:
        views = [read_node(node) for node in found.values()]
        return found if views and all(view.ready for view in views) else None

    try:
        found = wait_at(
            api, NODES.path(), {}, all_ready, lambda: max(0.0, deadline - time.monotonic())
        )
    except WaitTimeout as timeout:
        found = timeout.objects
    return survey(tuple(read_node(found[name]) for name in sorted(found)))


def survey(views: tuple[NodeView, ...]) -> Ground:
    """Sort out who takes part: Linux nodes that are Ready."""
    nodes = tuple(view for view in views if view.ready and view.linux)
    return Ground(
        nodes=nodes,
        tolerations=tolerations_for(nodes),
        not_ready=tuple(view for view in views if not view.ready),
    )


def judge_nodes(ground: Ground) -> str:
    """The evidence that nodes are Ready and take pods. Raises CheckFailed."""
    total = len(ground.nodes) + len(ground.not_ready)
    if not total:
        raise CheckFailed(
            "no node has registered", "is the kubelet running? `journalctl -u kubelet`"
        )
    if ground.not_ready:
        why = "; ".join(f"{view.name}: {view.why_not_ready}" for view in ground.not_ready)
        raise CheckFailed(f"{len(ground.not_ready)} of {total} not Ready: {why}", _NODE_HINT)
    if not ground.takes_pods:
        raise CheckFailed(
            "no node takes pods: " + "; ".join(_why_closed(view) for view in ground.nodes),
            "`kubectl uncordon NODE`, or remove the taint",
        )
    names = ", ".join(view.name for view in ground.nodes)
    keys = ", ".join(toleration["key"] for toleration in ground.tolerations)
    note = f"; pods here tolerate {keys}: no other node takes them" if keys else ""
    return f"{total} of {total}: {names}{note}"


def _why_closed(view: NodeView) -> str:
    reasons = [*view.taints, *(["cordoned"] if view.cordoned else [])]
    return f"{view.name}: {', '.join(reasons)}"


def _serves_cron_jobs(api: Api) -> bool:
    served = api.get("/apis/batch/v1").get("resources") or []
    return any(resource["name"] == "cronjobs" for resource in served)


def _preferred(api: Api, group: str) -> str:
    """The version of an API group that the server prefers."""
    try:
        return str(api.get(f"/apis/{group}")["preferredVersion"]["groupVersion"])
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        raise CheckFailed(
            f"the API does not serve {group}", "is it switched off by flags?"
        ) from error
