"""How `kprov plan -o` shows a plan, of whatever provider."""

from __future__ import annotations

import argparse
from pathlib import Path

from kprov.cli.common import print_json, stdout_style
from kprov.cli.saved_plan import save
from kprov.model.plan import Plan
from kprov.ui.plan_markdown import plan_markdown
from kprov.ui.plan_text import plan_text
from kprov.ui.style import note, out

PRINTED = ("text", "json", "markdown")
"""Anything else that `-o` says is a file to save the plan in."""


def show(args: argparse.Namespace, plan: Plan, *, of: str = "host") -> int:
    """Print or save it; exit code 2 when there is something to do. `of`: as `plan_text` has it."""
    match args.output:
        case "json":
            print_json(plan.as_data())
        case "markdown":
            out(plan_markdown(plan, of=of))
        case _:
            out(plan_text(plan, stdout_style(), diffs=not args.no_diff, of=of))
    if args.output not in PRINTED:
        save(Path(args.output), args, plan)
        note(f"saved: kprov apply {args.output}")
    return 0 if plan.empty else 2
