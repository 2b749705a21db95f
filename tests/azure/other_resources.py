"""Resources around a cluster, as the generic client makes them: workspaces, data collection rules,
registries, and what hangs on a resource: role assignments, associations, tags.

Source: https://learn.microsoft.com/rest/api/resources/resources (by id);
https://learn.microsoft.com/rest/api/authorization/role-assignments;
https://learn.microsoft.com/rest/api/resources/tags (at scope).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.azure import clusters
from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.defaults import stable_uuid
from tests.azure.exchange import Json, Response
from tests.azure.identities import ROLES
from tests.azure.regions import normal
from tests.azure.resource_groups import check_tags

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
    group, sent = call.subscription.group(call["group"]), call.request.json()
    if not sent.get("location"):
        raise Refusal(400, "LocationRequired", "The location property is required.", by_arm=True)
    check_tags(sent.get("tags") or {})
    return _save(call, sent | {"location": normal(sent["location"])}, group.name)


def _save(call: Call, sent: Json, *known: str) -> Response:
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


def _target(call: Call, suffix: str) -> str:
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


def put_assignment(call: Call) -> Response:
    """A role for a principal on a scope; never twice the same, never changed."""
    scope = _target(call, "/providers/Microsoft.Authorization/roleAssignments")
    its = call.request.json().get("properties") or {}
    name = _id(call).rsplit("/", 1)[-1]
    if not _GUID.fullmatch(name):
        raise Refusal(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not a GUID.",
            by_arm=True,
        )
    role = str(its.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
    if not _GUID.fullmatch(role) or not its.get("principalId"):
        raise Refusal.invalid_request("roleDefinitionId and principalId are required.")
    if role not in ROLES:
        raise Refusal(
            404,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{role}' does not exist.",
            by_arm=True,
        )
    key = f"{scope}|{role}|{its['principalId']}".lower()
    existing = call.subscription.assignments.get(key)
    if existing is not None and existing["name"].lower() != name.lower():
        raise Refusal(
            409, "RoleAssignmentExists", "The role assignment already exists.", by_arm=True
        )
    answer = _save(call, {"properties": {**its, "scope": scope}})
    call.subscription.assignments[key] = answer.body
    return Response(201, answer.body)


def list_assignments(call: Call) -> Response:
    """Those at or above a scope, or of one principal (`$filter`)."""
    scope = re.split("/providers/Microsoft.Authorization", _id(call), flags=re.IGNORECASE)[0]
    wanted = re.search(r"principalId eq '([^']+)'", call.request.query.get("$filter", ""))
    found = [
        it
        for it in call.subscription.assignments.values()
        if scope.lower().startswith(it["properties"]["scope"].lower())
        and (wanted is None or it["properties"]["principalId"].lower() == wanted[1].lower())
    ]
    return Response(200, {"value": found})


def delete_assignment(call: Call) -> Response:
    """Take a role away."""
    gone = _store(call).pop(_id(call).lower(), None)
    call.subscription.assignments = {
        key: it for key, it in call.subscription.assignments.items() if it is not gone
    }
    return Response(204 if gone is None else 200)


def put_association(call: Call) -> Response:
    """A data collection rule for a cluster."""
    _target(call, "/providers/Microsoft.Insights")
    sent = call.request.json()
    rule = (sent.get("properties") or {}).get("dataCollectionRuleId", "")
    if rule and rule.lower() not in _store(call):
        raise Refusal(
            400, "InvalidPayload", f"Data collection rule '{rule}' was not found.", by_arm=True
        )
    return _save(call, sent)


def _tag_owner(call: Call) -> tuple[dict[str, str], Callable[[dict[str, str]], None]]:
    """The tags of a group or of a cluster, and how to set them."""
    if "name" in call.params:
        cluster = call.subscription.cluster(call["group"], call["name"])

        def save(tags: dict[str, str]) -> None:
            clusters.set_tags(call, cluster, tags)

        return dict(cluster.body.get("tags") or {}), save
    group = call.subscription.group(call["group"])

    def save_group(tags: dict[str, str]) -> None:
        group.tags = tags

    return dict(group.tags), save_group


def _tags(call: Call, tags: dict[str, str]) -> Response:
    body = {
        "id": _id(call),
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": tags},
    }
    return Response(200, body)


def get_tags(call: Call) -> Response:
    """Tags at a scope."""
    return _tags(call, _tag_owner(call)[0])


def patch_tags(call: Call) -> Response:
    """Merge, replace or delete tags at a scope."""
    before, save = _tag_owner(call)
    sent = call.request.json()
    given = dict((sent.get("properties") or {}).get("tags") or {})
    match sent.get("operation"):
        case "Merge":
            after = before | given
        case "Replace":
            after = given
        case "Delete":
            after = {k: v for k, v in before.items() if k not in given}
        case other:
            raise Refusal.invalid_request(f"The operation '{other}' is invalid.")
    check_tags(after)
    save(after)
    return _tags(call, after)


def put_tags(call: Call) -> Response:
    """Replace all tags at a scope."""
    given = dict((call.request.json().get("properties") or {}).get("tags") or {})
    check_tags(given)
    _tag_owner(call)[1](given)
    return _tags(call, given)


def _simple(namespace: str, kind: str) -> list[Route]:
    path = "/resourceGroups/{group}/providers/" + f"{namespace}/{kind}" + "/{resource}"
    action = f"{namespace}/{kind}"
    return [
        Route("GET", path, f"{action}/read", get, namespace),
        Route("HEAD", path, f"{action}/read", head, namespace),
        Route("PUT", path, f"{action}/write", put, namespace),
        Route("DELETE", path, f"{action}/delete", delete, namespace),
    ]


def _hanging(path: str) -> list[Route]:
    roles = path + "/providers/Microsoft.Authorization/roleAssignments"
    role = "Microsoft.Authorization/roleAssignments"
    space = "Microsoft.Authorization"
    return [
        Route("GET", roles, f"{role}/read", list_assignments, space),
        Route("GET", roles + "/{assignment}", f"{role}/read", get, space),
        Route("PUT", roles + "/{assignment}", f"{role}/write", put_assignment, space),
        Route("DELETE", roles + "/{assignment}", f"{role}/delete", delete_assignment, space),
    ]


def _tagged(path: str) -> list[Route]:
    tags = path + "/providers/Microsoft.Resources/tags/default"
    return [
        Route("GET", tags, "Microsoft.Resources/tags/read", get_tags),
        Route("PATCH", tags, "Microsoft.Resources/tags/write", patch_tags),
        Route("PUT", tags, "Microsoft.Resources/tags/write", put_tags),
    ]


_GROUP = "/resourceGroups/{group}"
_CLUSTER = _GROUP + "/providers/Microsoft.ContainerService/managedClusters/{name}"
_ASSOCIATION = _CLUSTER + "/providers/Microsoft.Insights/dataCollectionRuleAssociations/{resource}"
_ASSOCIATE = "Microsoft.Insights/dataCollectionRuleAssociations"
ROUTES = [
    *(route for namespace, kind in KNOWN for route in _simple(namespace, kind)),
    *_hanging(""),
    *_hanging(_GROUP),
    *_hanging(_CLUSTER),
    *_hanging(_GROUP + "/providers/{space}/{kind}/{resource}"),
    *_tagged(_GROUP),
    *_tagged(_CLUSTER),
    Route("GET", _ASSOCIATION, f"{_ASSOCIATE}/read", get, "Microsoft.Insights"),
    Route("HEAD", _ASSOCIATION, f"{_ASSOCIATE}/read", head, "Microsoft.Insights"),
    Route("PUT", _ASSOCIATION, f"{_ASSOCIATE}/write", put_association, "Microsoft.Insights"),
    Route("DELETE", _ASSOCIATION, f"{_ASSOCIATE}/delete", delete, "Microsoft.Insights"),
]
