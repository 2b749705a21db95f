"""Resource groups, their locks, subscriptions and registration of resource providers.

Source: https://learn.microsoft.com/rest/api/resources/ (api-version 2025-04-01).
"""

from __future__ import annotations

import re

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response
from tests.azure.regions import normal
from tests.azure.state import Group

_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]")
_MAX_TAGS = 50
PROVIDERS = (
    "Microsoft.ContainerService",
    "Microsoft.Network",
    "Microsoft.Compute",
    "Microsoft.OperationsManagement",
    "Microsoft.OperationalInsights",
    "Microsoft.Insights",
    "Microsoft.Monitor",
    "Microsoft.ManagedIdentity",
    "Microsoft.ContainerRegistry",
    "Microsoft.AlertsManagement",
    "Microsoft.Authorization",
)


def check_tags(tags: dict[str, str]) -> None:
    """https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations."""
    if len(tags) > _MAX_TAGS:
        raise Refusal(
            400,
            "InvalidTags",
            f"The number of tags '{len(tags)}' is greater than the maximum of '{_MAX_TAGS}'.",
            by_arm=True,
        )
    for name, value in tags.items():
        if not name or len(name) > 512 or re.search(r"[<>%&\\?/]", name):
            raise Refusal(
                400,
                "InvalidTagNameCharacters",
                f"The tag name '{name}' is too long or has reserved characters '<>%&\\?/'.",
                by_arm=True,
            )
        if len(value) > 256:
            raise Refusal(
                400,
                "TagValueTooLong",
                f"The value of tag '{name}' has more than 256 characters.",
                by_arm=True,
            )


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
    """The group with all that lives in it, and the node groups of its clusters."""
    group = call.subscription.group(call["group"])
    doomed = {group.name.lower()} | {
        str(cluster.properties.get("nodeResourceGroup", "")).lower()
        for cluster in group.clusters.values()
    }
    for name in doomed:
        call.subscription.groups.pop(name, None)
    below = f"/subscriptions/{call.subscription.id}/resourcegroups/{group.name}/".lower()
    for key in [key for key in call.subscription.others if key.startswith(below)]:
        del call.subscription.others[key]
    base = f"{call.request.base}/subscriptions/{call.subscription.id}"
    version = call.request.query["api-version"]
    where = f"{base}/operationresults/deleted-{group.name}?api-version={version}"
    return Response(202, None, {"Location": where})


def deleted(_: Call) -> Response:
    """Groups are gone at once; so is the operation."""
    return Response(200)


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


def subscription(call: Call) -> Response:
    """The subscription itself."""
    it = call.subscription
    body = {
        "id": f"/subscriptions/{it.id}",
        "subscriptionId": it.id,
        "tenantId": it.tenant,
        "displayName": it.name,
        "state": it.state,
    }
    return Response(200, body)


def _provider(call: Call, namespace: str) -> Json:
    name = next((each for each in PROVIDERS if each.lower() == namespace.lower()), None)
    if name is None:
        raise Refusal(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{namespace}' is invalid.",
            by_arm=True,
        )
    return {
        "id": f"/subscriptions/{call.subscription.id}/providers/{name}",
        "namespace": name,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": call.subscription.registered.get(name.lower(), "NotRegistered"),
        "resourceTypes": [],
    }


def provider(call: Call) -> Response:
    """How registration of a provider stands; `Registering` is over when it is asked again."""
    body = _provider(call, call["namespace"])
    if body["registrationState"] == "Registering":
        call.subscription.registered[call["namespace"].lower()] = "Registered"
    return Response(200, body)


def register(call: Call) -> Response:
    """Registration takes a while: `Registering` first."""
    body = _provider(call, call["namespace"])
    if body["registrationState"] != "Registered":
        call.subscription.registered[call["namespace"].lower()] = "Registering"
        body["registrationState"] = "Registering"
    return Response(200, body)


_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"
ROUTES = [
    Route("GET", "", "Microsoft.Resources/subscriptions/read", subscription),
    Route("GET", "/resourceGroups", f"{_GROUPS}/read", listed),
    Route("PUT", "/resourceGroups/{group}", f"{_GROUPS}/write", put),
    Route("PATCH", "/resourceGroups/{group}", f"{_GROUPS}/write", patch),
    Route("GET", "/resourceGroups/{group}", f"{_GROUPS}/read", get),
    Route("HEAD", "/resourceGroups/{group}", f"{_GROUPS}/read", head),
    Route("DELETE", "/resourceGroups/{group}", f"{_GROUPS}/delete", delete),
    Route("GET", "/resourceGroups/{group}/resources", f"{_GROUPS}/resources/read", resources),
    Route("GET", "/operationresults/{operation}", f"{_GROUPS}/read", deleted),
    Route(
        "PUT",
        "/resourceGroups/{group}/providers/Microsoft.Authorization/locks/{lock}",
        "Microsoft.Authorization/locks/write",
        put_lock,
    ),
    Route(
        "GET",
        "/resourceGroups/{group}/providers/Microsoft.Authorization/locks/{lock}",
        "Microsoft.Authorization/locks/read",
        get_lock,
    ),
    Route(
        "DELETE",
        "/resourceGroups/{group}/providers/Microsoft.Authorization/locks/{lock}",
        "Microsoft.Authorization/locks/delete",
        delete_lock,
    ),
    Route(
        "GET",
        "/providers/{namespace}",
        "Microsoft.Resources/subscriptions/providers/read",
        provider,
    ),
    Route("POST", "/providers/{namespace}/register", "{namespace}/register/action", register),
]
