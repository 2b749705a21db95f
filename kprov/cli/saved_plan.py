"""Saved plans: the inventory they were made from and what they would do. No contents, no secrets.

`apply FILE` looks again, plans again, and goes on only when that is exactly the saved plan.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from kprov.cli.common import state_place
from kprov.model.errors import InputError, StalePlanError
from kprov.model.plan import Plan
from kprov.state.atomic import write_atomic

_FORMAT = "kprov-plan/1"
_KEYS = ("inventory", "overrides", "state", "limit", "digest", "steps")


def may_save(path: Path) -> None:
    """Raise InputError before any work when something else than a plan is there already."""
    if path.is_dir():
        raise InputError("this is a folder, expected a file to save the plan in", where=str(path))
    if path.exists() and _plan_in(path) is None:
        raise InputError(
            "this file is there already, and it is no saved plan", where=str(path),
            hint="`-o` takes text, json, or the name of a file for the plan",
        )  # fmt: skip


def save(path: Path, args: argparse.Namespace, plan: Plan) -> None:
    """Write a plan."""
    data = {
        "format": _FORMAT,
        "inventory": str(args.inventory.absolute()),
        "overrides": args.overrides,
        "state": _absolute(args.state),
        "limit": args.limit,
        "allow_replace": args.allow_replace,
        "skip_unreachable": args.skip_unreachable,
        "bundle": str(args.bundle.absolute()) if args.bundle else None,
        **plan.as_data(),
    }
    write_atomic(path, (json.dumps(data, indent=2) + "\n").encode())


def _absolute(state: Path | str | None) -> str | None:
    return str(state.absolute()) if isinstance(state, Path) else state


def read(path: Path) -> dict[str, Any] | None:
    """A saved plan; None when the file is something else (an inventory). Raises InputError."""
    data = _plan_in(path)
    if data is None:
        return None
    if data["format"] != _FORMAT:
        raise InputError(
            f"this plan has the format {data['format']!r}, expected {_FORMAT!r}", where=str(path),
            hint="make a new one with this version: kprov plan INVENTORY -o FILE",
        )  # fmt: skip
    missing = [key for key in _KEYS if key not in data]
    if missing:
        raise InputError(
            f"this saved plan lacks `{missing[0]}`", where=str(path),
            hint="make a new one: kprov plan INVENTORY -o FILE",
        )  # fmt: skip
    return data


def _plan_in(path: Path) -> dict[str, Any] | None:
    """What a file holds, when it is any kind of saved plan."""
    try:
        with path.open("rb") as stream:
            if stream.read(1) != b"{":
                return None
            data = json.loads(b"{" + stream.read())
    except (OSError, ValueError):
        return None
    known = isinstance(data, dict) and str(data.get("format")).startswith("kprov-plan/")
    return data if known else None


def adopt(args: argparse.Namespace, saved: dict[str, Any]) -> None:
    """Take inventory and options from the saved plan."""
    if args.overrides or args.limit:
        raise InputError("a saved plan has its own -e and --limit", hint="give only the plan file")
    args.inventory = Path(saved["inventory"])
    args.overrides = saved["overrides"]
    args.state = state_place(saved["state"]) if saved["state"] else args.state
    args.limit = saved["limit"]
    args.allow_replace = saved.get("allow_replace", False)
    args.skip_unreachable = bool(saved.get("skip_unreachable"))
    if saved.get("bundle"):
        args.bundle = Path(saved["bundle"])


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
