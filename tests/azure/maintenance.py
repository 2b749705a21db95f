"""Maintenance configurations: children of a cluster, not long-running.

Source: https://learn.microsoft.com/azure/aks/planned-maintenance (names, schedules, length).
"""

from __future__ import annotations

import re
from typing import Any

from tests.azure import schema
from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.defaults import fill
from tests.azure.exchange import Json, Response
from tests.azure.state import Cluster

NAMES = ("default", "aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")
_SCHEDULES = ("daily", "weekly", "absoluteMonthly", "relativeMonthly")
_INTERVALS = {
    "daily": ("intervalDays", 1, 7),
    "weekly": ("intervalWeeks", 1, 4),
    "absoluteMonthly": ("intervalMonths", 1, 6),
    "relativeMonthly": ("intervalMonths", 1, 6),
}


def _describe(cluster: Cluster, name: str, properties: Json) -> Json:
    return {
        "id": f"{cluster.id}/maintenanceConfigurations/{name}",
        "name": name,
        "type": "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
        "properties": properties,
    }


def _cluster(call: Call) -> Cluster:
    return call.subscription.cluster(call["group"], call["name"])


def put(call: Call) -> Response:
    """Create or replace one."""
    cluster, name = _cluster(call), call["config"]
    sent = schema.accepted("MaintenanceConfiguration", call.request.json()).get("properties") or {}
    if call.strict:
        _check(name, sent)
    window = sent.get("maintenanceWindow")
    if window is not None:
        fill(window, {"utcOffset": "+00:00", "startDate": call.world.clock.stamp()[:10]})
    known = name in cluster.maintenance
    cluster.maintenance[name] = sent
    return Response(200 if known else 201, _describe(cluster, name, sent))


def _check(name: str, sent: Json) -> None:
    if name not in NAMES:
        raise Refusal.invalid_parameter(
            "configName",
            f"The maintenance configuration name '{name}' is invalid. Allowed names: "
            f"{', '.join(NAMES)}. See https://aka.ms/aks/planned-maintenance",
        )
    window = sent.get("maintenanceWindow")
    if window is None:
        if name != "default" or not sent.get("timeInWeek"):
            raise _invalid("maintenanceWindow", "Required parameter is missing (null).")
        return
    _check_window(name, window)


def _check_window(name: str, window: Json) -> None:
    schedule = {key: value for key, value in (window.get("schedule") or {}).items() if value}
    if len(schedule) != 1:
        raise _invalid("schedule", f"Exactly one of {', '.join(_SCHEDULES)} must be set.")
    [(kind, terms)] = schedule.items()
    if kind == "daily" and name != "aksManagedNodeOSUpgradeSchedule":
        raise _invalid("schedule.daily", "Daily schedules are for node OS upgrades only.")
    field, least, most = _INTERVALS[kind]
    if not isinstance(terms.get(field), int) or not least <= terms[field] <= most:
        raise _invalid(f"schedule.{kind}.{field}", f"It must be between {least} and {most}.")
    if not 4 <= (window.get("durationHours") or 0) <= 24:
        raise _invalid("durationHours", "It must be between 4 and 24.")
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", window.get("startTime") or ""):
        raise _invalid("startTime", "It must be HH:MM.")
    if not re.fullmatch(r"[+-]\d\d:\d\d", window.get("utcOffset") or "+00:00"):
        raise _invalid("utcOffset", "It must be +HH:MM or -HH:MM.")


def _invalid(field: str, why: str) -> Refusal:
    return Refusal.invalid_parameter(
        f"maintenanceWindow.{field}", f"The value of parameter {field} is invalid. {why}"
    )


def _found(call: Call) -> Any:
    cluster, name = _cluster(call), call["config"]
    if name not in cluster.maintenance:
        raise Refusal(404, "NotFound", f"Maintenance configuration '{name}' was not found.")
    return cluster.maintenance[name]


def get(call: Call) -> Response:
    """One of them."""
    return Response(200, _describe(_cluster(call), call["config"], _found(call)))


def listed(call: Call) -> Response:
    """All of a cluster."""
    cluster = _cluster(call)
    value = [_describe(cluster, name, it) for name, it in cluster.maintenance.items()]
    return Response(200, {"value": value})


def delete(call: Call) -> Response:
    """Take one away; 204 when there is none."""
    known = _cluster(call).maintenance.pop(call["config"], None)
    return Response(204 if known is None else 200)


_ACTIONS = "Microsoft.ContainerService/managedClusters/maintenanceConfigurations"
_ALL = (
    "/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/{name}"
    "/maintenanceConfigurations"
)
_ONE = _ALL + "/{config}"
_SPACE = "Microsoft.ContainerService"
ROUTES = [
    Route("GET", _ALL, f"{_ACTIONS}/read", listed, _SPACE),
    Route("GET", _ONE, f"{_ACTIONS}/read", get, _SPACE),
    Route("PUT", _ONE, f"{_ACTIONS}/write", put, _SPACE),
    Route("DELETE", _ONE, f"{_ACTIONS}/delete", delete, _SPACE),
]
