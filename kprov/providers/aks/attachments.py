"""Resources beside the cluster: where logs go, and leave to pull images.

Shapes: Azure CLI's `aks create --enable-azure-monitor-logs` and `--attach-acr`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kprov.model.cluster import ClusterSpec
from kprov.providers.aks.names import CREATED, cluster_id, group_id
from kprov.providers.aks.wire import Json

_ACR_PULL = "7f951dda-4ed3-4680-a7ca-43fe172d538d"
"""The built-in role AcrPull (Azure built-in roles)."""
_ROLES = "providers/Microsoft.Authorization"
ROLE_VERSION = "2022-04-01"
_STREAM = "Microsoft-ContainerInsights-Group-Default"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A resource of any type by its id."""

    name: str
    id: str
    api_version: str
    body: Mapping[str, Any]
    before_cluster: bool = False
    """Whether the cluster refers to it."""


def workspace_id(spec: ClusterSpec) -> str | None:
    """The workspace that logs go to; None when they go nowhere, or nobody said."""
    monitoring = spec.azure.monitoring if spec.azure else None
    if monitoring is None or monitoring.workspace in (None, "off"):
        return None
    if monitoring.workspace != "auto":
        return monitoring.workspace
    return f"{group_id(spec)}/providers/Microsoft.OperationalInsights/workspaces/kprov-{spec.name}"


def attachments(spec: ClusterSpec) -> tuple[Attachment, ...]:
    """The resources that logs need, in the order they are made."""
    workspace = workspace_id(spec)
    if workspace is None or spec.azure is None or spec.azure.monitoring is None:
        return ()
    region = spec.azure.region
    rule = f"MSCI-{region}-{spec.name}"[:44]
    rule_id = f"{group_id(spec)}/providers/Microsoft.Insights/dataCollectionRules/{rule}"
    collected = Attachment("logs/rule", rule_id, "2022-06-01", _rule(spec, workspace))
    association = Attachment(
        "logs/association",
        f"{cluster_id(spec)}/providers/Microsoft.Insights/dataCollectionRuleAssociations/"
        "ContainerInsightsExtension",
        "2022-06-01",
        {"properties": {"dataCollectionRuleId": rule_id}},
    )
    if spec.azure.monitoring.workspace != "auto":
        return (collected, association)
    own = Attachment(
        "logs/workspace",
        workspace,
        "2023-09-01",
        {
            "location": region,
            "tags": {CREATED: spec.name},
            "properties": {"sku": {"name": "PerGB2018"}},
        },
        before_cluster=True,
    )
    return (own, collected, association)


def namespaces(spec: ClusterSpec) -> tuple[str, ...]:
    """Resource providers that the subscription must be registered for."""
    found = {"Microsoft.ContainerService"}
    found |= {its.id.rsplit("/providers/", 1)[1].split("/")[0] for its in attachments(spec)}
    return tuple(sorted(found))


def registry_name(registry: str) -> str:
    """The name at the end of a registry's id."""
    return registry.rpartition("/")[2]


def assignment_id(registry: str, principal: str) -> str:
    """The id of a role assignment, the same every time for the same registry and identity."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"kprov {registry.lower()} {principal.lower()}")
    return f"{registry}/{_ROLES}/roleAssignments/{name}"


def assignment_body(registry: str, principal: str) -> Json:
    """AcrPull on a registry for the identity nodes pull images with."""
    subscription = registry.split("/")[2]
    role = f"/subscriptions/{subscription}/{_ROLES}/roleDefinitions/{_ACR_PULL}"
    return {
        "properties": {
            "roleDefinitionId": role,
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }
    }


def may_pull(assignments: list[Json]) -> bool:
    """Whether one of these role assignments is AcrPull."""
    roles = (str(its.get("properties", {}).get("roleDefinitionId", "")) for its in assignments)
    return any(role.lower().endswith(_ACR_PULL) for role in roles)


def _rule(spec: ClusterSpec, workspace: str) -> Json:
    assert spec.azure is not None
    extension = {
        "name": "ContainerInsightsExtension",
        "streams": [_STREAM],
        "extensionName": "ContainerInsights",
        "extensionSettings": {
            "dataCollectionSettings": {"interval": "1m", "namespaceFilteringMode": "Off"}
        },
    }
    destination = {"workspaceResourceId": workspace, "name": "ciworkspace"}
    return {
        "location": spec.azure.region,
        "kind": "Linux",
        "tags": {CREATED: spec.name},
        "properties": {
            "dataSources": {"extensions": [extension]},
            "destinations": {"logAnalytics": [destination]},
            "dataFlows": [{"streams": [_STREAM], "destinations": ["ciworkspace"]}],
        },
    }
