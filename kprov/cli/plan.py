"""`kprov plan`: what apply would change, without changing anything."""

from __future__ import annotations

import argparse
from pathlib import Path

from kprov.cli.cluster import findings_of, findings_of_plan, opened
from kprov.cli.common import (
    host_options,
    load_inventory,
    managed_options,
    skip_option,
    stderr_style,
)
from kprov.cli.plan_output import PRINTED, show
from kprov.cli.saved_plan import may_save
from kprov.ui.findings import finding_lines
from kprov.ui.style import note


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    host_options(parser)
    skip_option(parser)
    managed_options(parser)
    parser.add_argument(
        "-o", "--output", default="text", metavar="text|json|markdown|FILE",
        help="how to print it; a file name saves it for `kprov apply FILE`",
    )  # fmt: skip
    parser.add_argument("--no-diff", action="store_true", help="leave the file diffs out")


def run(args: argparse.Namespace) -> int:
    """Exit code 2 when there is something to do, 1 when hosts that were left out may need it."""
    if args.output not in PRINTED:
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
    code = show(args, plan)
    return 1 if plan.empty and session.left_out else code
