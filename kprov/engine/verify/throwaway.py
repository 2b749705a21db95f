"""The namespace everything happens in: made, filled by nobody else, and gone afterwards."""

from __future__ import annotations

import secrets
import string
import time
from datetime import datetime, timedelta

from kprov.engine.verify.api import Api, ApiError
from kprov.engine.verify.objects import MANAGED, MANAGER, RUN_LABEL, metadata
from kprov.engine.verify.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
)
from kprov.engine.verify.session import by_name
from kprov.engine.verify.values import CheckFailed
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_at

_LEFTOVER_AGE = timedelta(minutes=10)
_NOT_FOUND = 404
_CLUSTER_WIDE = (CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES)
_WITH_PODS = (DAEMON_SETS, DEPLOYMENTS, REPLICA_SETS, JOBS)


def new_name() -> str:
    """`kprov-verify-` and five letters or digits."""
    alphabet = string.ascii_lowercase + string.digits
    return f"{MANAGER}-" + "".join(secrets.choice(alphabet) for _ in range(5))


def make(api: Api, name: str, seconds: float) -> str:
    """Create the namespace, wait until pods can be made in it; remove leftovers of killed runs.

    Returns the evidence. Raises ApiError, or CheckFailed when nobody makes a service account.
    """
    body = metadata(name, name, {"pod-security.kubernetes.io/enforce": "privileged"})
    made = api.create(
        NAMESPACES.path(), {"apiVersion": "v1", "kind": "Namespace", "metadata": body}
    )
    gone = _remove_leftovers(api, name, _time(made["metadata"]["creationTimestamp"]))
    _wait_for_account(api, name, seconds)
    return name + (f"; removed leftovers of earlier runs: {', '.join(gone)}" if gone else "")


def remove(api: Api, name: str, seconds: float) -> str:
    """Delete the namespace and what carries its label; wait that long at most for it to be gone.

    The cluster takes five seconds before it begins with a namespace; pods are told to end now.
    """
    try:
        api.delete(NAMESPACES.path(name=name))
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        return "there was nothing to clean up"
    mine = {"labelSelector": f"{RUN_LABEL}={name}"}
    for resource in _CLUSTER_WIDE:
        api.delete(resource.path(), mine)
    for resource in _WITH_PODS:
        api.delete(resource.path(name), mine)
    api.delete(PODS.path(name))
    return _wait_until_gone(api, name, seconds)


def is_leftover(created: str, now: datetime) -> bool:
    """Whether something made at that time (RFC 3339) belongs to a run that was killed."""
    return now - _time(created) > _LEFTOVER_AGE


def _remove_leftovers(api: Api, own: str, now: datetime) -> list[str]:
    gone = []
    for resource in (NAMESPACES, *_CLUSTER_WIDE):
        for found in api.get(resource.path(), {"labelSelector": MANAGED}).get("items") or []:
            meta = found["metadata"]
            if meta["name"] == own or "deletionTimestamp" in meta:
                continue
            if is_leftover(meta["creationTimestamp"], now):
                api.delete(resource.path(name=meta["name"]))
                gone.append(meta["name"])
    return sorted(set(gone))


def _wait_until_gone(api: Api, name: str, seconds: float) -> str:
    deadline = time.monotonic() + seconds
    try:
        wait_at(
            api,
            NAMESPACES.path(),
            by_name(name),
            lambda found: None if found else True,
            lambda: max(0.0, deadline - time.monotonic()),
        )
    except WaitTimeout:
        return f"the cluster is deleting namespace {name}"
    return f"namespace {name} is gone"


def _wait_for_account(api: Api, name: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds

    def there(accounts: Objects) -> bool | None:
        return True if accounts else None

    try:
        wait_at(
            api,
            SERVICE_ACCOUNTS.path(name),
            by_name("default"),
            there,
            lambda: max(0.0, deadline - time.monotonic()),
        )
    except WaitTimeout:
        raise CheckFailed(
            f"namespace {name} got no service account `default` within {seconds:.0f} s",
            "is kube-controller-manager running and elected?",
        ) from None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
