"""Resources around a cluster, as the generic client makes them: workspaces, data collection rules,
registries, and what hangs on a resource: role assignments, associations, tags.

Source: https://learn.microsoft.com/rest/api/resources/resources (by id);
https://learn.microsoft.com/rest/api/authorization/role-assignments;
https://learn.microsoft.com/rest/api/resources/tags (at scope).
"""

from __future__ import annotations

import re

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.defaults import stable_uuid
from tests.azure.exchange import Json, Response
from tests.azure.regions import normal
from tests.azure.resource_groups import check_alive
from tests.azure.tag_rules import check_tags

KNOWN = (
    ("Microsoft.OperationalInsights", "workspaces"),
    ("Microsoft.OperationsManagement", "solutions"),
    ("Microsoft.Insights", "dataCollectionRules"),
    ("Microsoft.Insights", "dataCollectionEndpoints"),
    ("Microsoft.Monitor", "accounts"),
    ("Microsoft.ManagedIdentity", "userAssignedIdentities"),
    ("Microsoft.ContainerRegistry", "registries"),
    ("Microsoft.AlertsManagement", "prometheusRuleGroups"),
)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _id(call: Call) -> str:
    return call.request.path.rstrip("/")


def _store(call: Call) -> dict[str, Json]:
    return call.subscription.others


def get(call: Call) -> Response:
    """One resource by its id."""
    if "group" in call.params:
        call.subscription.group(call["group"])
    found = _store(call).get(_id(call).lower())
    if found is None:
        kind, name = _id(call).rsplit("/", 2)[-2:]
        raise Refusal.not_found(kind, name, call.params.get("group", ""))
    return Response(200, found)


def head(call: Call) -> Response:
    """Is it there?"""
    return Response(204 if _id(call).lower() in _store(call) else 404)


def put(call: Call) -> Response:
    """Create or replace one."""
    check_alive(call.subscription.group(call["group"]))
    sent = call.request.json()
    if not sent.get("location"):
        raise Refusal(400, "LocationRequired", "The location property is required.", by_arm=True)
    check_tags(sent.get("tags") or {})
    return save(call, sent | {"location": normal(sent["location"])})


def save(call: Call, sent: Json) -> Response:
    key = _id(call).lower()
    before = _store(call).get(key)
    kind, name = _id(call).rsplit("/", 2)[-2:]
    namespace = re.split("/providers/", _id(call), flags=re.IGNORECASE)[-1].split("/")[0]
    properties = {
        **(sent.get("properties") or {}),
        "provisioningState": "Succeeded",
    }
    if kind.lower() == "workspaces":
        properties.setdefault("customerId", stable_uuid(key))
    if kind.lower() == "userassignedidentities":
        properties |= {"clientId": stable_uuid("client", key), "principalId": stable_uuid("p", key)}
    body = {
        **sent,
        "id": _id(call),
        "name": name,
        "type": f"{namespace}/{kind}",
        "properties": properties,
    }
    _store(call)[key] = body
    return Response(201 if before is None else 200, body)


def delete(call: Call) -> Response:
    """Take one away; 204 when there is none."""
    known = _store(call).pop(_id(call).lower(), None)
    return Response(204 if known is None else 200)


def target(call: Call, suffix: str) -> str:
    """The resource that something hangs on; it must exist."""
    scope = re.split(suffix, _id(call), flags=re.IGNORECASE)[0]
    parts = scope.split("/")
    group = call.subscription.group(parts[4]) if len(parts) > 4 else None
    if group is None or len(parts) == 5:
        return scope
    if parts[6].lower() == "microsoft.containerservice":
        call.subscription.cluster(parts[4], parts[8])
    elif scope.lower() not in _store(call):
        raise Refusal.not_found(f"{parts[6]}/{parts[7]}", parts[8], parts[4])
    return scope


def put_association(call: Call) -> Response:
    """A data collection rule for a cluster."""
    target(call, "/providers/Microsoft.Insights")
    sent = call.request.json()
    rule = (sent.get("properties") or {}).get("dataCollectionRuleId", "")
    if rule and rule.lower() not in _store(call):
        raise Refusal(
            400, "InvalidPayload", f"Data collection rule '{rule}' was not found.", by_arm=True
        )
    return save(call, sent)


def _simple(namespace: str, kind: str) -> list[Route]:
    path = "/resourceGroups/{group}/providers/" + f"{namespace}/{kind}" + "/{resource}"
    action = f"{namespace}/{kind}"
    return [
        Route("GET", path, f"{action}/read", get, namespace),
        Route("HEAD", path, f"{action}/read", head, namespace),
        Route("PUT", path, f"{action}/write", put, namespace),
        Route("DELETE", path, f"{action}/delete", delete, namespace),
    ]


_GROUP = "/resourceGroups/{group}"
_CLUSTER = _GROUP + "/providers/Microsoft.ContainerService/managedClusters/{name}"
_ASSOCIATION = _CLUSTER + "/providers/Microsoft.Insights/dataCollectionRuleAssociations/{resource}"
_ASSOCIATE = "Microsoft.Insights/dataCollectionRuleAssociations"
ROUTES = [
    *(route for namespace, kind in KNOWN for route in _simple(namespace, kind)),
    Route("GET", _ASSOCIATION, f"{_ASSOCIATE}/read", get, "Microsoft.Insights"),
    Route("HEAD", _ASSOCIATION, f"{_ASSOCIATE}/read", head, "Microsoft.Insights"),
    Route("PUT", _ASSOCIATION, f"{_ASSOCIATE}/write", put_association, "Microsoft.Insights"),
    Route("DELETE", _ASSOCIATION, f"{_ASSOCIATE}/delete", delete, "Microsoft.Insights"),
]
