"""Role assignments: on a subscription, a group, or a resource.

Source: https://learn.microsoft.com/rest/api/authorization/role-assignments;
https://learn.microsoft.com/azure/role-based-access-control/troubleshooting (PrincipalNotFound).
"""

from __future__ import annotations

import re

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Response
from tests.azure.identities import ROLES
from tests.azure.other_resources import get, save, target

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def put_assignment(call: Call) -> Response:
    """A role for a principal on a scope; never twice the same, never changed."""
    scope = target(call, "/providers/Microsoft.Authorization/roleAssignments")
    its = call.request.json().get("properties") or {}
    name = path_of(call).rsplit("/", 1)[-1]
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
    answer = save(call, {"properties": {**its, "scope": scope}})
    call.subscription.assignments[key] = answer.body
    return Response(201, answer.body)


def list_assignments(call: Call) -> Response:
    """Those at or above a scope, or of one principal (`$filter`)."""
    scope = re.split("/providers/Microsoft.Authorization", path_of(call), flags=re.IGNORECASE)[0]
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
    gone = call.subscription.others.pop(path_of(call).lower(), None)
    call.subscription.assignments = {
        key: it for key, it in call.subscription.assignments.items() if it is not gone
    }
    return Response(204 if gone is None else 200)


def path_of(call: Call) -> str:
    """The id that the request is about."""
    return call.request.path.rstrip("/")


def _at(path: str) -> list[Route]:
    roles = path + "/providers/Microsoft.Authorization/roleAssignments"
    role = "Microsoft.Authorization/roleAssignments"
    space = "Microsoft.Authorization"
    return [
        Route("GET", roles, f"{role}/read", list_assignments, space),
        Route("GET", roles + "/{assignment}", f"{role}/read", get, space),
        Route("PUT", roles + "/{assignment}", f"{role}/write", put_assignment, space),
        Route("DELETE", roles + "/{assignment}", f"{role}/delete", delete_assignment, space),
    ]


_GROUP = "/resourceGroups/{group}"
_CLUSTER = _GROUP + "/providers/Microsoft.ContainerService/managedClusters/{name}"
ROUTES = [
    *_at(""),
    *_at(_GROUP),
    *_at(_CLUSTER),
    *_at(_GROUP + "/providers/{space}/{kind}/{resource}"),
]
