"""A run as data for pipelines."""

from __future__ import annotations

from typing import Any

from kprov.model.plan import Plan
from kprov.model.result import RunResult
from kprov.ui.path_text import path_data


def run_data(plan: Plan, result: RunResult) -> dict[str, Any]:
    """Plan digest, results by host and phase, channels, seconds."""
    return {
        "ok": result.ok,
        "interrupted": result.interrupted,
        "plan": plan.digest,
        "changes": result.changed,
        "seconds": round(result.seconds, 3),
        "channels": dict(result.channels),
        "not_started": list(result.not_started),
        **path_data(plan, result),
        "steps": [
            {
                "host": host.host,
                "phase": host.phase,
                "ok": host.ok,
                "error": host.error,
                "seconds": round(host.seconds, 3),
                "results": [
                    {
                        "id": result.id,
                        "outcome": result.outcome.value,
                        "seconds": round(result.seconds, 3),
                        "message": result.message,
                    }
                    for result in host.results
                ],
            }
            for host in result.hosts
        ],
    }
