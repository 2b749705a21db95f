"""Where the time of an apply went, in words and as data."""

from __future__ import annotations

from typing import Any

from kprov.core.critical_path import critical_path, seconds, slowest_change
from kprov.model.plan import Plan
from kprov.model.result import RunResult


def path_text(plan: Plan, result: RunResult) -> str:
    """Two lines: the critical path and the slowest change on it; empty when nothing was done."""
    path = critical_path(plan, result)
    slowest = slowest_change(path)
    if not path or slowest is None:
        return ""
    steps = " > ".join(f"{its.host} {its.phase} {its.seconds:.1f} s" for its in path)
    host, change = slowest
    return (
        f"critical path, {seconds(path):.1f} s: {steps}\n"
        f"slowest on it: {host} {change.id}, {change.seconds:.1f} s"
    )


def path_data(plan: Plan, result: RunResult) -> dict[str, Any]:
    """`critical_path` and `slowest` for JSON."""
    path = critical_path(plan, result)
    slowest = slowest_change(path)
    return {
        "critical_path": [
            {"host": its.host, "phase": its.phase, "seconds": round(its.seconds, 3)}
            for its in path
        ],
        "slowest": None
        if slowest is None
        else {
            "host": slowest[0], "id": slowest[1].id, "seconds": round(slowest[1].seconds, 3)
        },
    }  # fmt: skip
