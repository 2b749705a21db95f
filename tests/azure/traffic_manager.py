"""Traffic Manager profiles and their endpoints; no operation is long-running.

Source: https://learn.microsoft.com/rest/api/trafficmanager/ (api-version 2026-09-01);
https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring (probe limits);
the published example Profile-PUT-WithEndpoints.
"""

from __future__ import annotations

import copy
import re

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.defaults import fill
from tests.azure.exchange import Json, Response
from tests.azure.merging import at
from tests.azure.tag_rules import check_tags

_TYPE = "Microsoft.Network/trafficManagerProfiles"
_KINDS = {
    "externalendpoints": "externalEndpoints",
    "azureendpoints": "azureEndpoints",
    "nestedendpoints": "nestedEndpoints",
}
_METHODS = ("Performance", "Priority", "Weighted", "Geographic", "MultiValue", "Subnet")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.IGNORECASE)


def put_profile(call: Call) -> Response:
    """Create or replace a profile with all its endpoints."""
    group, name = call.subscription.group(call["group"]), call["profile"]
    sent = call.request.json()
    check_tags(sent.get("tags") or {})
    body = _filled(call, group.name, name, sent)
    if call.strict:
        _check_profile(call, body)
    known = name.lower() in group.traffic_managers
    group.traffic_managers[name.lower()] = body
    return Response(200 if known else 201, body)


def _filled(call: Call, group: str, name: str, sent: Json) -> Json:
    profile_id = (
        f"/subscriptions/{call.subscription.id}/resourceGroups/{group}/providers/{_TYPE}/{name}"
    )
    properties = copy.deepcopy(sent.get("properties") or {})
    fill(properties, {"profileStatus": "Enabled", "trafficViewEnrollmentStatus": "Disabled"})
    if dns := properties.get("dnsConfig"):
        dns["fqdn"] = f"{dns.get('relativeName')}.trafficmanager.net"
        fill(dns, {"ttl": 60})
    if monitor := properties.get("monitorConfig"):
        fill(
            monitor,
            {"intervalInSeconds": 30, "timeoutInSeconds": 10, "toleratedNumberOfFailures": 3},
        )
        monitor["profileMonitorStatus"] = "CheckingEndpoints"
    endpoints: list[Json] = []
    for each in properties.get("endpoints") or []:
        taken = {at(other, "properties.priority") for other in endpoints}
        endpoints.append(_endpoint(profile_id, each, taken))
    properties["endpoints"] = endpoints
    if not endpoints and properties.get("monitorConfig"):
        properties["monitorConfig"]["profileMonitorStatus"] = "Inactive"
    return {
        "id": profile_id,
        "name": name,
        "type": _TYPE,
        "location": sent.get("location"),
        "tags": dict(sent.get("tags") or {}),
        "properties": properties,
    }


def _endpoint(profile_id: str, sent: Json, taken: set[int | None]) -> Json:
    kind = _KINDS.get(str(sent.get("type", "")).rsplit("/", 1)[-1].lower())
    if kind is None:
        raise Refusal.bad_request(f"The endpoint type '{sent.get('type')}' is invalid.")
    properties = copy.deepcopy(sent.get("properties") or {})
    free = next(number for number in range(1, 1001) if number not in taken)
    fill(properties, {"endpointStatus": "Enabled", "weight": 1, "priority": free})
    properties["endpointMonitorStatus"] = (
        "CheckingEndpoint" if properties["endpointStatus"] == "Enabled" else "Disabled"
    )
    return {
        "id": f"{profile_id}/{kind}/{sent.get('name')}",
        "name": sent.get("name"),
        "type": f"{_TYPE}/{kind}",
        "properties": properties,
    }


def _check_profile(call: Call, body: Json) -> None:
    properties = body["properties"]
    if str(body["location"]).lower() != "global":
        raise _bad("The location of a Traffic Manager profile must be 'global'.")
    if properties.get("trafficRoutingMethod") not in _METHODS:
        raise _bad(f"The routing method must be one of {', '.join(_METHODS)}.")
    label = at(properties, "dnsConfig.relativeName") or ""
    if not _LABEL.fullmatch(label):
        raise _bad(f"The relative DNS name '{label}' is invalid.")
    for profile in _all_profiles(call):
        same = at(profile, "properties.dnsConfig.relativeName").lower() == label.lower()
        if same and profile["id"].lower() != body["id"].lower():
            raise Refusal(
                409,
                "Conflict",
                f"Domain name {label}.trafficmanager.net already exists. Please choose a "
                "different DNS prefix.",
                by_arm=True,
            )
    _check_monitor(properties.get("monitorConfig") or {})
    _check_endpoints(properties)


def _check_monitor(monitor: Json) -> None:
    if monitor.get("protocol") not in {"HTTP", "HTTPS", "TCP"}:
        raise _bad("The monitoring protocol must be HTTP, HTTPS or TCP.")
    if monitor["protocol"] == "TCP" and monitor.get("path"):
        raise _bad("The monitoring path must be empty for TCP.")
    if monitor["protocol"] != "TCP" and not str(monitor.get("path", "")).startswith("/"):
        raise _bad("The monitoring path must start with '/'.")
    if monitor["intervalInSeconds"] not in {10, 30}:
        raise _bad("The probing interval must be 10 or 30 seconds.")
    most = 9 if monitor["intervalInSeconds"] == 10 else 10
    if not 5 <= monitor["timeoutInSeconds"] <= most:
        raise _bad(f"The probe timeout must be between 5 and {most} seconds.")
    if not 0 <= monitor["toleratedNumberOfFailures"] <= 9:
        raise _bad("The tolerated number of failures must be between 0 and 9.")


def _check_endpoints(properties: Json) -> None:
    seen: set[tuple[str, str]] = set()
    for endpoint in properties["endpoints"]:
        its = endpoint["properties"]
        for field in ("priority", "weight"):
            if not 1 <= its[field] <= 1000:
                raise _bad(f"The {field} of endpoint '{endpoint['name']}' is not in 1 to 1000.")
        if endpoint["type"].endswith("externalEndpoints") and not its.get("target"):
            raise _bad(f"The endpoint '{endpoint['name']}' needs a target.")
        if properties["trafficRoutingMethod"] == "Performance" and (
            endpoint["type"].endswith("externalEndpoints") and not its.get("endpointLocation")
        ):
            raise _bad(f"The endpoint '{endpoint['name']}' needs an endpointLocation.")
        unique = {
            "name": str(endpoint["name"]).lower(),
            "target": str(its.get("target") or its.get("targetResourceId")).lower(),
        }
        if properties["trafficRoutingMethod"] == "Priority":
            unique["priority"] = str(its["priority"])
        for field, value in unique.items():
            if (field, value) in seen:
                raise Refusal(
                    409,
                    "Conflict",
                    f"Two endpoints of the profile have the {field} '{value}'.",
                    by_arm=True,
                )
            seen.add((field, value))


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message, by_arm=True)


def _all_profiles(call: Call) -> list[Json]:
    return [
        profile
        for subscription in call.world.subscriptions.values()
        for group in subscription.groups.values()
        for profile in group.traffic_managers.values()
    ]


def _profile(call: Call) -> Json:
    group = call.subscription.group(call["group"])
    try:
        return group.traffic_managers[call["profile"].lower()]
    except KeyError:
        raise Refusal.not_found(_TYPE, call["profile"], group.name) from None


def get_profile(call: Call) -> Response:
    """One profile."""
    return Response(200, _profile(call))


def list_profiles(call: Call) -> Response:
    """Those of a group, or all of the subscription."""
    if "group" in call.params:
        found = list(call.subscription.group(call["group"]).traffic_managers.values())
    else:
        found = [
            profile
            for group in call.subscription.groups.values()
            for profile in group.traffic_managers.values()
        ]
    return Response(200, {"value": found})


def delete_profile(call: Call) -> Response:
    """Take a profile away; 204 when there is none."""
    group = call.subscription.group(call["group"])
    known = group.traffic_managers.pop(call["profile"].lower(), None)
    return _deleted(there=known is not None)


def _deleted(*, there: bool) -> Response:
    """With a body, as the SDK wants one (DeleteOperationResult)."""
    return Response(200, {"boolean": True}) if there else Response(204)


def _is(call: Call, endpoint: Json) -> bool:
    kind, name = call["kind"].lower(), call["endpoint"].lower()
    return str(endpoint["id"]).lower().endswith(f"/{kind}/{name}")


def get_endpoint(call: Call) -> Response:
    """One endpoint."""
    for endpoint in _profile(call)["properties"]["endpoints"]:
        if _is(call, endpoint):
            return Response(200, endpoint)
    raise Refusal(404, "NotFound", f"Endpoint '{call['endpoint']}' was not found.", by_arm=True)


def put_endpoint(call: Call) -> Response:
    """Create or replace one endpoint."""
    profile = _profile(call)
    others = [it for it in profile["properties"]["endpoints"] if not _is(call, it)]
    known = len(others) < len(profile["properties"]["endpoints"])
    sent = {**call.request.json(), "name": call["endpoint"], "type": f"{_TYPE}/{call['kind']}"}
    made = _endpoint(profile["id"], sent, {at(other, "properties.priority") for other in others})
    after = copy.deepcopy(profile)
    after["properties"]["endpoints"] = [*others, made]
    if call.strict:
        _check_endpoints(after["properties"])
    profile["properties"] = after["properties"]
    return Response(200 if known else 201, made)


def delete_endpoint(call: Call) -> Response:
    """Take one endpoint away; 204 when there is none."""
    properties = _profile(call)["properties"]
    others = [it for it in properties["endpoints"] if not _is(call, it)]
    known = len(others) < len(properties["endpoints"])
    properties["endpoints"] = others
    return _deleted(there=known)


_BELOW = "/providers/Microsoft.Network/trafficManagerProfiles"
_ALL = "/resourceGroups/{group}" + _BELOW
_ONE = _ALL + "/{profile}"
_END = _ONE + "/{kind}/{endpoint}"
_SPACE = "Microsoft.Network"
ROUTES = [
    Route("GET", _BELOW, f"{_TYPE}/read", list_profiles, _SPACE),
    Route("GET", _ALL, f"{_TYPE}/read", list_profiles, _SPACE),
    Route("GET", _ONE, f"{_TYPE}/read", get_profile, _SPACE),
    Route("PUT", _ONE, f"{_TYPE}/write", put_profile, _SPACE),
    Route("DELETE", _ONE, f"{_TYPE}/delete", delete_profile, _SPACE),
    Route("GET", _END, f"{_TYPE}/endpoints/read", get_endpoint, _SPACE),
    Route("PUT", _END, f"{_TYPE}/endpoints/write", put_endpoint, _SPACE),
    Route("DELETE", _END, f"{_TYPE}/endpoints/delete", delete_endpoint, _SPACE),
]
