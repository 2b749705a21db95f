"""`kprov plan`: what apply would change, without changing anything."""

from __future__ import annotations

import argparse
from pathlib import Path

from kprov.cli.cluster import findings_of, findings_of_plan, opened
from kprov.cli.common import (
    host_options,
    load_inventory,
    managed_options,
    print_json,
    skip_option,
    stderr_style,
    stdout_style,
)
from kprov.cli.saved_plan import may_save, save
from kprov.ui.findings import finding_lines
from kprov.ui.plan_text import plan_text
from kprov.ui.style import note, out


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    host_options(parser)
    skip_option(parser)
    managed_options(parser)
    parser.add_argument(
        "-o", "--output", default="text", metavar="text|json|FILE",
        help="how to print it; a file name saves it for `kprov apply FILE`",
    )  # fmt: skip
    parser.add_argument("--no-diff", action="store_true", help="leave the file diffs out")


def run(args: argparse.Namespace) -> int:
    """Exit code 2 when there is something to do, 1 when hosts that were left out may need it."""
    if args.output not in ("text", "json"):
        may_save(Path(args.output))
    inventory = load_inventory(args)
    if inventory.cluster.provider != "ssh":
        from kprov.cli import managed

        return managed.plan(args, inventory)
    with opened(args, inventory) as it:
        session = it.seen(skip=args.skip_unreachable)
        for line in finding_lines(findings_of(session), stderr_style()):
            note(line)
        plan = session.plan()
        for line in finding_lines(findings_of_plan(session, plan), stderr_style()):
            note(line)
    if args.output == "json":
        print_json(plan.as_data())
    else:
        out(plan_text(plan, stdout_style(), diffs=not args.no_diff))
        if args.output != "text":
            save(Path(args.output), args, plan)
            note(f"saved: kprov apply {args.output}")
    if plan.empty:
        return 1 if session.left_out else 0
    return 2
