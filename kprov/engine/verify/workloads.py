"""Checks: Deployment and ReplicaSet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kprov.engine.verify.api import JSON_PATCH, MERGE_PATCH
from kprov.engine.verify.objects import (
    CONTAINER,
    container,
    pod_spec,
    selector,
    stay,
    workload_spec,
)
from kprov.engine.verify.podwork import give_up_if_any_hopeless, is_running, stuck_pods
from kprov.engine.verify.resources import DEPLOYMENTS, PODS, REPLICA_SETS, ApiResource
from kprov.engine.verify.session import Session, by_label, by_name
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_for

T = TypeVar("T")

_REVISION = "deployment.kubernetes.io/revision"
_MANAGER_HINT = "is kube-controller-manager running and elected?"


def deployment(session: Session) -> str:
    """A Deployment is created, scaled, rolled to a new revision and back."""
    name = "deployment"
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
    spec = workload_spec(name, _pods(session, "one"), replicas=1, strategy=surge)
    session.create(DEPLOYMENTS, name, spec=spec)
    _rolled_out(session, name, "create")
    session.api.patch(
        session.path(DEPLOYMENTS, name, "scale"), {"spec": {"replicas": 2}}, MERGE_PATCH
    )
    _rolled_out(session, name, "scale to 2")
    session.patch(DEPLOYMENTS, name, {"spec": {"template": {"spec": _pods(session, "two")}}})
    _rolled_out(session, name, "rolling update")
    _serves(session, name, revision="2", word="two")
    first = _replica_set(session, name, "1")["spec"]["template"]
    first["metadata"]["labels"].pop("pod-template-hash", None)
    rollback = [{"op": "replace", "path": "/spec/template", "value": first}]
    session.patch(DEPLOYMENTS, name, rollback, JSON_PATCH)
    _rolled_out(session, name, "rollback")
    _serves(session, name, revision="3", word="one")
    return "created, scaled to 2, rolled to revision 2 and back"


def replica_set(session: Session) -> str:
    """A ReplicaSet replaces a pod that was deleted."""
    name = "replicaset"
    spec = workload_spec(name, _pods(session, "one"), replicas=1)
    session.create(REPLICA_SETS, name, spec=spec)
    first = _one_running(session, name, "create")
    session.delete(PODS, first["metadata"]["name"])
    second = _one_running(session, name, "replacement", unlike=first["metadata"]["uid"])
    return f"{first['metadata']['name']} replaced by {second['metadata']['name']}"


def rollout_done(found: JsonObject) -> bool:
    """Whether a Deployment has nothing left to do: what `kubectl rollout status` waits for."""
    status, wanted = found.get("status") or {}, found["spec"]["replicas"]
    reached = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration", 0) >= found["metadata"]["generation"] and reached == {
        wanted
    }


def counts(found: JsonObject) -> str:
    """How far a Deployment has come, for people."""
    status = found.get("status") or {}
    keys = ("replicas", "updatedReplicas", "availableReplicas")
    return ", " + ", ".join(f"{key} {status.get(key, 0)}" for key in keys)


def _pods(session: Session, word: str) -> JsonObject:
    main = container(session.options.image, stay(), env=[{"name": "WORD", "value": word}])
    return pod_spec(main, tolerations=list(session.tolerations))


def _rolled_out(session: Session, name: str, step: str) -> None:
    def done(found: Objects) -> bool | None:
        if name in found and rollout_done(found[name]):
            return True
        give_up_if_any_hopeless(session, selector(name))
        return None

    _wait(session, DEPLOYMENTS, name, step, done)


def _serves(session: Session, name: str, *, revision: str, word: str) -> None:
    """Assert that the ReplicaSet of this revision, and it alone, has the pods."""
    serving = _replica_set(session, name, revision)
    found = {
        variable["value"]
        for entry in serving["spec"]["template"]["spec"]["containers"]
        if entry["name"] == CONTAINER
        for variable in entry.get("env") or []
    }
    replicas = (serving.get("status") or {}).get("replicas", 0)
    if found != {word} or replicas != 2:
        raise CheckFailed(
            f"revision {revision} has {replicas} pods with WORD={', '.join(found)}, "
            f"not 2 with WORD={word}"
        )


def _replica_set(session: Session, name: str, revision: str) -> JsonObject:
    """The Deployment's ReplicaSet of a revision, once the controller has numbered it."""

    def numbered(found: Objects) -> JsonObject | None:
        return next(
            (
                entry
                for entry in found.values()
                if (entry["metadata"].get("annotations") or {}).get(_REVISION) == revision
            ),
            None,
        )

    try:
        return wait_for(session, REPLICA_SETS, by_label(selector(name)), numbered)
    except WaitTimeout as timeout:
        raise CheckFailed(
            f"no ReplicaSet of revision {revision}; there are {', '.join(timeout.objects)}",
            _MANAGER_HINT,
        ) from None


def _one_running(session: Session, name: str, step: str, unlike: str = "") -> JsonObject:
    def found(pods: Objects) -> JsonObject | None:
        alive = [pod for pod in pods.values() if not pod["metadata"].get("deletionTimestamp")]
        good = [pod for pod in alive if is_running(pod) and pod["metadata"]["uid"] != unlike]
        if len(alive) == 1 and good:
            return good[0]
        give_up_if_any_hopeless(session, selector(name))
        return None

    return _wait(session, PODS, name, step, found)


def _wait(
    session: Session,
    resource: ApiResource,
    name: str,
    step: str,
    ready: Callable[[Objects], T | None],
) -> T:
    query = by_label(selector(name)) if resource is PODS else by_name(name)
    try:
        return wait_for(session, resource, query, ready)
    except WaitTimeout as timeout:
        seen = "" if resource is PODS else counts(timeout.objects.get(name, {}))
        verdict = CheckFailed(f"{step}: not done in time{seen}", _MANAGER_HINT)
        raise stuck_pods(session, selector(name), verdict) from None
