"""Looking at Azure: GETs only, and only those that the inventory gives a reason for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kprov.model.cluster import ClusterSpec
from kprov.providers.aks.attachments import ROLE_VERSION, attachments, may_pull, namespaces
from kprov.providers.aks.client import Azure
from kprov.providers.aks.desired import version_of
from kprov.providers.aks.errors import code_of, told
from kprov.providers.aks.observed import Observed
from kprov.providers.aks.versions import offered_minors, satisfied
from kprov.providers.aks.wire import Json

_MISSING = ("ResourceNotFound", "ResourceGroupNotFound", "NotFound", "404")


def observe(spec: ClusterSpec, azure: Azure) -> Observed:
    """One look at everything that the inventory speaks of."""
    assert spec.azure is not None
    group_name = spec.azure.resource_group.name
    with told(spec.name):
        cluster = get_or_none(azure.aks.managed_clusters.get, group_name, spec.name)
        group = get_or_none(azure.resources.resource_groups.get, group_name)
        attached = _attached(spec, azure, cluster) if group else {}
        seen = Observed(group, cluster, attached=attached)
        return Observed(
            group,
            cluster,
            unregistered=_unregistered(spec, azure, seen),
            offered=_offered(spec, azure, seen),
            maintenance=_maintenance(spec, azure, seen),
            attached=attached,
            pulls=_pulls(spec, azure, seen),
        )


def get_or_none(get: Callable[..., Any], *names: str) -> Json | None:
    """A resource as wire JSON; None when there is none. Other refusals are raised as they come."""
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415

    try:
        body: Json = get(*names).as_dict()
    except ResourceNotFoundError as error:
        if code_of(error) in _MISSING:
            return None
        raise
    return body


def _attached(spec: ClusterSpec, azure: Azure, cluster: Json | None) -> dict[str, Json]:
    found = {}
    for its in attachments(spec):
        if cluster is None and "/managedClusters/" in its.id:
            continue
        body = azure.get(its.id, its.api_version)
        if body is not None:
            found[its.id] = body
    return found


def _unregistered(spec: ClusterSpec, azure: Azure, seen: Observed) -> tuple[str, ...]:
    """Where everything exists, everything is registered: nobody has to ask."""
    missing = [its for its in attachments(spec) if its.id not in seen.attached]
    if seen.cluster is not None and not missing:
        return ()
    return tuple(
        name
        for name in namespaces(spec)
        if azure.resources.providers.get(name).registration_state != "Registered"
    )


def _offered(spec: ClusterSpec, azure: Azure, seen: Observed) -> dict[str, tuple[str, ...]]:
    wanted = version_of(spec)
    if wanted is None or (seen.cluster is not None and satisfied(wanted, seen.version)):
        return {}
    assert spec.azure is not None
    listed = azure.aks.managed_clusters.list_kubernetes_versions(spec.azure.region)
    return offered_minors(listed.as_dict())


def _maintenance(spec: ClusterSpec, azure: Azure, seen: Observed) -> dict[str, Json]:
    assert spec.azure is not None
    if seen.cluster is None or not spec.azure.maintenance:
        return {}
    operations = azure.aks.maintenance_configurations
    listed = operations.list_by_managed_cluster(spec.azure.resource_group.name, spec.name)
    return {its.name: its.as_dict() for its in listed}


def _pulls(spec: ClusterSpec, azure: Azure, seen: Observed) -> frozenset[str]:
    assert spec.azure is not None
    principal = seen.kubelet_identity
    if principal is None:
        return frozenset()
    query = {"$filter": f"principalId eq '{principal}'"}
    found = set()
    for registry in spec.azure.acr:
        path = f"{registry}/providers/Microsoft.Authorization/roleAssignments"
        listed = azure.get(path, ROLE_VERSION, query) or {}
        if may_pull(listed.get("value") or []):
            found.add(registry.lower())
    return frozenset(found)
