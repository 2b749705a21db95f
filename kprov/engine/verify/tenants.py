"""Check: tenants see their own namespace and no other, and their quota stops them.

Asked as a member of their groups, by impersonation; pods are created as a dry run.
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kprov.engine.verify.api import Api, ApiError
from kprov.engine.verify.objects import container, stay
from kprov.engine.verify.resources import NAMESPACES, PODS, ROLE_BINDINGS, SECRETS, ApiResource
from kprov.engine.verify.session import Session
from kprov.engine.verify.values import CheckFailed, JsonObject

TENANT_LABEL = "kprov.dev/tenant"
BINDINGS = ("kprov:admins", "kprov:members")
QUOTA = "kprov"
_QUOTAS = ApiResource("v1", "ResourceQuota", "resourcequotas")
_OK, _FORBIDDEN, _NOT_FOUND = 200, 403, 404
_RBAC_HINT = "`--authorization-mode=Node,RBAC` on every kube-apiserver? or another RoleBinding?"


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant's namespace, the groups that are bound in it, and what it may have at most."""

    name: str
    groups: Sequence[str]
    hard: JsonObject


def tenants(session: Session) -> str:
    """Every group of every tenant reads its own Secrets, no other's, and no more than its quota."""
    found = [_tenant(session.api, name) for name in _names(session.api)]
    if not found:
        return "no tenants"
    for tenant in found:
        others = [its.name for its in found if its.name != tenant.name]
        for group in tenant.groups:
            _sees_only_its_own(session.api, group, tenant.name, (*others, "kube-system"), found)
    stopped = [tenant.name for tenant in found if _stopped(session, tenant)]
    names = ", ".join(tenant.name for tenant in found)
    quotas = f"; stopped by their quota: {', '.join(stopped)}" if stopped else ""
    return f"{names}: each group reads the Secrets of its own namespace alone{quotas}"


def _names(api: Api) -> list[str]:
    items = api.get(NAMESPACES.path(), {"labelSelector": TENANT_LABEL}).get("items") or []
    return sorted(its["metadata"]["name"] for its in items)


def _tenant(api: Api, name: str) -> Tenant:
    bindings = api.get(ROLE_BINDINGS.path(name)).get("items") or []
    groups = [
        subject["name"]
        for binding in bindings
        if binding["metadata"]["name"] in BINDINGS
        for subject in binding.get("subjects") or []
    ]
    try:
        hard = api.get(_QUOTAS.path(name, QUOTA))["spec"]["hard"]
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        hard = {}
    return Tenant(name, sorted(groups), hard)


def _sees_only_its_own(
    api: Api, group: str, own: str, others: Sequence[str], found: Sequence[Tenant]
) -> None:
    """A group may be in two tenants, if the inventory says so."""
    member = api.as_member(group)
    its = {tenant.name for tenant in found if group in tenant.groups}
    for namespace in (own, *others):
        expected = _OK if namespace in its else _FORBIDDEN
        status, message = _status(member, SECRETS.path(namespace))
        if status != expected:
            raise CheckFailed(
                f"group {group} reading Secrets of {namespace}: HTTP {status} {message}, expected "
                f"{expected}",
                _RBAC_HINT,
            )


def _stopped(session: Session, tenant: Tenant) -> bool:
    """Whether there is a quota on memory or CPU; CheckFailed when it lets a pod pass that asks
    for more than all of it."""
    names = (name for name in ("cpu", "memory") if f"requests.{name}" in tenant.hard)
    more = {name: _more(str(tenant.hard[f"requests.{name}"])) for name in names}
    if not more or not tenant.groups:
        return False
    member = session.api.as_member(tenant.groups[0])
    message = _refusal(member, tenant.name, _pod(session, {"requests": more, "limits": more}))
    if "exceeded quota" not in message:
        raise CheckFailed(
            f"a pod that asks for {more} in {tenant.name} is not stopped by its quota: "
            f"{message or 'it would be created'}",
            "is the admission plugin ResourceQuota on at every kube-apiserver?",
        )
    message = _refusal(member, tenant.name, _pod(session, {}))
    if message and "exceeded quota" not in message:
        raise CheckFailed(f"a pod that asks for nothing is refused in {tenant.name}: {message}")
    return True


def _more(quantity: str) -> str:
    """More than that: a nine before the digits."""
    return f"9{quantity}"


def _pod(session: Session, resources: JsonObject) -> JsonObject:
    main = {**container(session.options.image, stay()), "resources": resources}
    body = {"metadata": {"name": "kprov-verify"}, "spec": {"containers": [main]}}
    return {"apiVersion": "v1", "kind": "Pod", **body}


def _refusal(api: Api, namespace: str, pod: JsonObject) -> str:
    """Why the API does not take a pod; empty when it would. Nothing is created."""
    try:
        api.create(f"{PODS.path(namespace)}?dryRun=All", pod)
    except ApiError as error:
        return error.message
    return ""


def _status(api: Api, path: str) -> tuple[int, str]:
    try:
        api.get(path)
    except ApiError as error:
        return error.status, error.message
    return _OK, ""
