"""Saved plans: the inventory they were made from and what they would do. No contents, no secrets.

`apply FILE` looks again, plans again, and goes on only when that is exactly the saved plan.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from kprov.model.errors import InputError, StalePlanError
from kprov.model.plan import Plan
from kprov.state.atomic import write_atomic

_FORMAT = "kprov-plan/1"


def save(path: Path, args: argparse.Namespace, plan: Plan) -> None:
    """Write a plan."""
    data = {
        "format": _FORMAT,
        "inventory": str(args.inventory.absolute()),
        "overrides": args.overrides,
        "state": str(args.state.absolute()) if args.state else None,
        "limit": args.limit,
        **plan.as_data(),
    }
    write_atomic(path, (json.dumps(data, indent=2) + "\n").encode())


def read(path: Path) -> dict[str, Any] | None:
    """A saved plan; None when the file is something else (an inventory)."""
    if path.suffix != ".json" or not path.is_file():
        return None
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("format") == _FORMAT else None


def adopt(args: argparse.Namespace, saved: dict[str, Any]) -> None:
    """Take inventory and options from the saved plan."""
    if args.overrides or args.limit:
        raise InputError("a saved plan has its own -e and --limit", hint="give only the plan file")
    args.inventory = Path(saved["inventory"])
    args.overrides = saved["overrides"]
    args.state = Path(saved["state"]) if saved["state"] else args.state
    args.limit = saved["limit"]


def same_or_stale(plan: Plan, saved: dict[str, Any], path: Path) -> None:
    """Raise StalePlanError, naming what is different now."""
    if plan.digest == saved["digest"]:
        return
    now, then = _changes(plan.as_data()), _changes(saved)
    words = [f"{key} was not in it" for key in now if key not in then]
    words += [f"{key} is done or no longer wanted" for key in then if key not in now]
    words += [f"{key} is different by now" for key in now if key in then and now[key] != then[key]]
    raise StalePlanError(
        "the hosts or the inventory have changed since this plan was saved: "
        + "; ".join(words[:8] or ["its order is different"]),
        where=str(path), hint="make a new one: kprov plan INVENTORY -o FILE",
    )  # fmt: skip


def _changes(data: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{step['host']} {change['id']}": change
        for step in data["steps"]
        for change in step["changes"]
    }
