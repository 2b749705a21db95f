"""`kprov history`: what was done to a cluster, when, by which run; from the journal alone."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kprov.cli.common import (
    inventory_options,
    load_inventory,
    output_option,
    print_json,
    stdout_style,
)
from kprov.state.directory import open_state
from kprov.state.journal import Entry
from kprov.ui.style import out
from kprov.ui.table import table


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    inventory_options(parser)
    output_option(parser)
    parser.add_argument("--run", default=None, metavar="ID", help="every change of this run")
    parser.add_argument("-n", "--last", type=int, default=20, help="so many runs (default 20)")


def run(args: argparse.Namespace) -> int:
    """Exit code 0; a cluster that was never applied has no history."""
    inventory = load_inventory(args)
    journal = open_state(args.inventory, inventory.name, args.state).journal
    runs = [its for its in runs_of(journal.entries()) if args.run in (None, its.id)]
    runs = runs[-args.last :] if args.last > 0 else runs
    if args.output == "json":
        print_json({"cluster": inventory.name, "runs": [_data(its) for its in runs]})
    elif not runs:
        out(f"Nothing was applied with this state folder: {journal.path.parent}")
    elif args.run:
        rows = [(its["time"], its["host"], its["id"], its["outcome"]) for its in runs[0].changes]
        out(table(("time", "where", "change", "outcome"), rows, stdout_style()))
    else:
        out(
            table(
                ("began", "run", "changes", "where", "ended"), list(map(_row, runs)), stdout_style()
            )
        )
    return 0


@dataclass(slots=True)
class Run:
    """One run of apply or reset."""

    id: str
    began: str
    changes: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, None] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    open: int = 0
    """Steps that began and whose end is not in the journal."""


def runs_of(entries: Iterable[Entry]) -> list[Run]:
    """Runs in the order they began."""
    runs: dict[str, Run] = {}
    for entry in entries:
        its = runs.setdefault(entry.run, Run(entry.run, entry.time))
        event = entry.event
        its.places.setdefault(str(event.get("host", "")))
        match event.get("event"):
            case "step-started":
                its.open += 1
            case "change":
                its.changes.append({"time": entry.time, **event})
            case "step-done":
                its.open -= 1
                if not event.get("ok"):
                    its.errors.append(str(event.get("error") or "a change failed"))
    return list(runs.values())


def _row(its: Run) -> tuple[str, ...]:
    return its.began, its.id, str(_done(its)), ", ".join(filter(None, its.places)), _ended(its)


def _done(its: Run) -> int:
    return sum(change["outcome"] == "ok" for change in its.changes)


def _ended(its: Run) -> str:
    if its.errors:
        return f"failed: {its.errors[0].splitlines()[0]}"
    return "cut off" if its.open > 0 else "well"


def _data(its: Run) -> dict[str, object]:
    return {
        "run": its.id,
        "began": its.began,
        "ended": _ended(its),
        "where": [place for place in its.places if place],
        "changes": its.changes,
    }
