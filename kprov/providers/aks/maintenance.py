"""Maintenance windows as the Azure API has them: child resources with fixed names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kprov.model.azure_maintenance import MaintenanceSpec
from kprov.model.cluster import ClusterSpec
from kprov.providers.aks.wire import Json

_NAMES = {
    "upgrades": "aksManagedAutoUpgradeSchedule",
    "node-os": "aksManagedNodeOSUpgradeSchedule",
    "default": "default",
}


def windows(spec: ClusterSpec) -> dict[str, Json]:
    """Name to body, of every window that was written."""
    assert spec.azure is not None
    return {_NAMES[its.of]: _body(its) for its in spec.azure.maintenance}


def _body(window: MaintenanceSpec) -> Json:
    days = [{"start": str(span.start), "end": str(span.end)} for span in window.not_allowed]
    body: dict[str, Any] = {
        "schedule": _schedule(window),
        "durationHours": window.hours,
        "utcOffset": window.utc_offset,
        "startTime": window.start,
    }
    if window.from_date:
        body["startDate"] = str(window.from_date)
    if days:
        body["notAllowedDates"] = days
    return {"properties": {"maintenanceWindow": body}}


def _schedule(window: MaintenanceSpec) -> Mapping[str, Any]:
    if window.weekly:
        return {"weekly": {"intervalWeeks": window.weekly.every, "dayOfWeek": window.weekly.day}}
    if window.daily:
        return {"daily": {"intervalDays": window.daily.every}}
    month = window.monthly
    assert month is not None  # the inventory was checked
    if month.date:
        return {"absoluteMonthly": {"intervalMonths": month.every, "dayOfMonth": month.date}}
    relative = {"weekIndex": month.week, "dayOfWeek": month.day}
    return {"relativeMonthly": {"intervalMonths": month.every, **relative}}
