"""Cordon and drain: move the pods off some nodes, as `kubectl drain --ignore-daemonsets` does.

Evictions honour PodDisruptionBudgets; one that forbids is asked again until the time is over
(https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from kprov.engine.verify.api import Api, ApiError
from kprov.engine.verify.values import JsonObject
from kprov.model.errors import ProviderError
from kprov.state.atomic import write_atomic

SECONDS = 1800.0
PAUSE = 3.0
_MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")


def drain(
    kubeconfig: str,
    selector: str,
    tell: Callable[[str], None],
    *,
    seconds: float = SECONDS,
    pause: float = PAUSE,
) -> None:
    """Empty all nodes that a label selector finds. Raises ProviderError when pods do not go."""
    with tempfile.TemporaryDirectory(prefix="kprov-drain-") as folder:
        path = Path(folder) / "kubeconfig"
        write_atomic(path, kubeconfig.encode())
        api = Api.connect(path)
        nodes = [
            node["metadata"]["name"]
            for node in api.get("/api/v1/nodes", {"labelSelector": selector})["items"]
        ]
        for node in nodes:  # all of them first, or pods would move to the next to be drained
            api.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}})
        tell(f"{len(nodes)} nodes cordoned, draining them")
        until = time.monotonic() + seconds
        while left := [pod for node in nodes for pod in _pods(api, node)]:
            why = "; ".join(filter(None, [_evict(api, pod) for pod in left]))
            if time.monotonic() > until:
                names = ", ".join(_name(pod) for pod in left[:5])
                raise ProviderError(
                    f"{len(left)} pods do not leave the nodes: {names}",
                    where=selector,
                    hint=f"{why or 'they do not end'}\nmend that, then run the same command again",
                )
            time.sleep(pause)


def _pods(api: Api, node: str) -> list[JsonObject]:
    """The pods of a node that have to move."""
    found = api.get("/api/v1/pods", {"fieldSelector": f"spec.nodeName={node}"})["items"]
    return [pod for pod in found if _moves(pod)]


def _moves(pod: JsonObject) -> bool:
    meta = pod["metadata"]
    owners = [owner.get("kind") for owner in meta.get("ownerReferences") or []]
    stays = _MIRROR in (meta.get("annotations") or {}) or "DaemonSet" in owners
    return not stays and (pod.get("status") or {}).get("phase") not in _ENDED


def _evict(api: Api, pod: JsonObject) -> str:
    """Ask a pod to leave; why it may not yet, in words."""
    meta = pod["metadata"]
    if meta.get("deletionTimestamp"):
        return ""
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
    name = {"name": meta["name"], "namespace": meta["namespace"]}
    try:
        api.create(path, {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": name})
    except ApiError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return ""
        if error.status == HTTPStatus.TOO_MANY_REQUESTS:
            return f"{_name(pod)}: {error.message}"
        raise
    return ""


def _name(pod: JsonObject) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
