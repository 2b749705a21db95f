"""When Azure may upgrade a cluster by itself: `cluster.azure.maintenance`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from kprov.model.spec import Spec

Day = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class WeeklySpec(Spec):
    """Every so many weeks."""

    day: Day
    every: int = Field(default=1, ge=1, le=4)
    """Weeks from one to the next."""


class DailySpec(Spec):
    """Every so many days; for node images only."""

    every: int = Field(default=1, ge=1, le=7)
    """Days from one to the next."""


class MonthlySpec(Spec):
    """Every so many months, on a date or on a day of a week."""

    every: int = Field(default=1, ge=1, le=6)
    """Months from one to the next."""
    date: int | None = Field(default=None, ge=1, le=31)
    day: Day | None = None
    week: Literal["First", "Second", "Third", "Fourth", "Last"] | None = None


class DateSpanSpec(Spec):
    """Days on which nothing is done, both included."""

    start: date
    end: date


class MaintenanceSpec(Spec):
    """One window: exactly one of `daily`, `weekly`, `monthly`."""

    of: Literal["upgrades", "node-os", "default"]
    """`upgrades`: those of `upgrade_channel`; `node-os`: those of `node_os_channel`; `default`:
    what Azure itself has to do."""
    daily: DailySpec | None = None
    weekly: WeeklySpec | None = None
    monthly: MonthlySpec | None = None
    start: str = Field(default="00:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day, HH:MM."""
    hours: int = Field(default=4, ge=4, le=24)
    """How long it lasts."""
    utc_offset: str = Field(default="+00:00", pattern=r"^[+-](0\d|1[0-4]):[0-5]\d$")
    from_date: date | None = None
    """First day it counts."""
    not_allowed: list[DateSpanSpec] = Field(default_factory=list)
