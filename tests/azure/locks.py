"""Management locks of resource groups; what they forbid is in arm.py.

Source: https://learn.microsoft.com/rest/api/resources/management-locks
"""

from __future__ import annotations

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Response


def put_lock(call: Call) -> Response:
    """A management lock on a group."""
    group, sent = call.subscription.group(call["group"]), call.request.json()
    level = sent.get("properties", {}).get("level")
    if level not in {"CanNotDelete", "ReadOnly"}:
        raise Refusal.invalid_request(f"The lock level '{level}' is invalid.")
    known = call["lock"] in group.locks
    group.locks[call["lock"]] = level
    body = {"name": call["lock"], "type": "Microsoft.Authorization/locks", **sent}
    return Response(200 if known else 201, body)


def get_lock(call: Call) -> Response:
    """One lock."""
    locks = call.subscription.group(call["group"]).locks
    if call["lock"] not in locks:
        raise Refusal(404, "LockNotFound", f"Lock '{call['lock']}' not found.", by_arm=True)
    properties = {"level": locks[call["lock"]]}
    body = {"name": call["lock"], "type": "Microsoft.Authorization/locks", "properties": properties}
    return Response(200, body)


def delete_lock(call: Call) -> Response:
    """Take a lock away."""
    known = call.subscription.group(call["group"]).locks.pop(call["lock"], None)
    return Response(204 if known is None else 200)


_ONE = "/resourceGroups/{group}/providers/Microsoft.Authorization/locks/{lock}"
ROUTES = [
    Route(
        "PUT",
        _ONE,
        "Microsoft.Authorization/locks/write",
        put_lock,
    ),
    Route(
        "GET",
        _ONE,
        "Microsoft.Authorization/locks/read",
        get_lock,
    ),
    Route(
        "DELETE",
        _ONE,
        "Microsoft.Authorization/locks/delete",
        delete_lock,
    ),
]
