"""Resource groups.

Source: https://learn.microsoft.com/rest/api/resources/ (api-version 2025-04-01).
"""

from __future__ import annotations

import re

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response
from tests.azure.operations import Operation
from tests.azure.regions import normal
from tests.azure.state import Group, Subscription
from tests.azure.tag_rules import check_tags

_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]")


def _describe(call: Call, group: Group) -> Json:
    body: Json = {
        "id": f"/subscriptions/{call.subscription.id}/resourceGroups/{group.name}",
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": dict(group.tags),
        "properties": {"provisioningState": group.state},
    }
    if group.managed_by:
        body["managedBy"] = group.managed_by
    return body


def check_alive(group: Group) -> None:
    """Nothing is made in a group that is on its way out."""
    if group.state == "Deleting":
        raise Refusal(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{group.name}' is in deprovisioning state and cannot perform "
            "this operation.",
            by_arm=True,
        )


def put(call: Call) -> Response:
    """Create or update: the location never changes."""
    sent, name = call.request.json(), call["group"]
    if not _NAME.fullmatch(name):
        raise Refusal(
            400,
            "InvalidResourceGroup",
            f"The resource group name '{name}' is invalid.",
            by_arm=True,
        )
    location = normal(str(sent.get("location") or ""))
    if not location:
        raise Refusal(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
            by_arm=True,
        )
    if call.strict and location not in call.world.settings.regions:
        raise Refusal(
            400,
            "LocationNotAvailableForResourceGroup",
            f"The provided location '{location}' is not available for resource group. List of "
            f"available regions is '{','.join(call.world.settings.regions)}'.",
            by_arm=True,
        )
    tags = dict(sent.get("tags") or {})
    check_tags(tags)
    group = call.subscription.groups.get(name.lower())
    if group is not None:
        check_alive(group)
    if group is not None and group.location != location:
        raise Refusal(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in "
            f"location '{group.location}'.",
            by_arm=True,
        )
    if group is not None:
        group.tags = tags
        return Response(200, _describe(call, group))
    made = Group(name, location, tags, sent.get("managedBy"))
    call.subscription.groups[name.lower()] = made
    return Response(201, _describe(call, made))


def patch(call: Call) -> Response:
    """Tags only."""
    group, sent = call.subscription.group(call["group"]), call.request.json()
    if "tags" in sent:
        check_tags(sent["tags"] or {})
        group.tags = dict(sent["tags"] or {})
    return Response(200, _describe(call, group))


def get(call: Call) -> Response:
    """One group."""
    return Response(200, _describe(call, call.subscription.group(call["group"])))


def head(call: Call) -> Response:
    """Is there one? 204 or 404 without a body."""
    there = call["group"].lower() in call.subscription.groups
    return Response(204 if there else 404)


def listed(call: Call) -> Response:
    """All groups."""
    groups = call.subscription.groups.values()
    return Response(200, {"value": [_describe(call, group) for group in groups]})


def delete(call: Call) -> Response:
    """The group with all that lives in it; takes a while, the answer leads to its end."""
    group = call.subscription.group(call["group"])
    group.state = "Deleting"
    now = call.world.clock.now
    operation = Operation(
        subscription=call.subscription.id,
        location=group.location,
        resource=group.name,
        kind="delete",
        verb="Deleting",
        started=now,
        ends=now + call.world.duration("delete"),
        blocks=group.name,
        succeed=lambda: _remove(call.subscription, group),
    )
    call.world.operations.start(operation)
    return Response(202, None, {"Location": _result(call, operation.guid)})


def _remove(subscription: Subscription, group: Group) -> None:
    """The group, the node groups of its clusters, and what is in it."""
    nodes = [cluster.properties["nodeResourceGroup"] for cluster in group.clusters.values()]
    for name in (group.name, *nodes):
        subscription.groups.pop(name.lower(), None)
    below = f"/subscriptions/{subscription.id}/resourcegroups/{group.name}/".lower()
    for key in [key for key in subscription.others if key.startswith(below)]:
        del subscription.others[key]


def _result(call: Call, guid: str) -> str:
    path = f"{call.request.base}/subscriptions/{call.subscription.id}/operationresults/{guid}"
    return f"{path}?api-version={call.request.query['api-version']}"


def result(call: Call) -> Response:
    """202 until the group is gone, then 200."""
    guid = call["operation"]
    if call.world.operations.has_ended(guid):
        return Response(200)
    return Response(202, None, {"Location": _result(call, guid)})


def resources(call: Call) -> Response:
    """What lives in a group, in short."""
    group = call.subscription.group(call["group"])
    value = [
        {
            "id": cluster.id,
            "name": cluster.name,
            "type": "Microsoft.ContainerService/managedClusters",
            "location": cluster.location,
            "tags": cluster.body.get("tags", {}),
        }
        for cluster in group.clusters.values()
    ]
    value += [
        {key: profile[key] for key in ("id", "name", "type", "location")}
        for profile in group.traffic_managers.values()
    ]
    return Response(200, {"value": value})


_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"
ROUTES = [
    Route("GET", "/resourceGroups", f"{_GROUPS}/read", listed),
    Route("PUT", "/resourceGroups/{group}", f"{_GROUPS}/write", put),
    Route("PATCH", "/resourceGroups/{group}", f"{_GROUPS}/write", patch),
    Route("GET", "/resourceGroups/{group}", f"{_GROUPS}/read", get),
    Route("HEAD", "/resourceGroups/{group}", f"{_GROUPS}/read", head),
    Route("DELETE", "/resourceGroups/{group}", f"{_GROUPS}/delete", delete),
    Route("GET", "/resourceGroups/{group}/resources", f"{_GROUPS}/resources/read", resources),
    Route("GET", "/operationresults/{operation}", f"{_GROUPS}/read", result),
]
