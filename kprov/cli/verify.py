"""`kprov verify`: prove on the real API that the cluster does its work."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kprov.cli.common import (
    inventory_options,
    load_inventory,
    output_option,
    print_json,
    stderr_style,
    stdout_style,
)
from kprov.cli.kubeconfig import applied_session
from kprov.engine.verify.runner import run_checks
from kprov.engine.verify.values import DEFAULT_IMAGE, CheckResult, VerifyOptions
from kprov.model.host import Inventory
from kprov.state.atomic import write_atomic
from kprov.state.directory import open_state
from kprov.ui.junit import Case, junit
from kprov.ui.style import Style, note, out
from kprov.ui.table import table

_COLOR = {"ok": "green", "failed": "red", "not-run": "yellow"}


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    inventory_options(parser)
    output_option(parser, "junit")
    parser.add_argument("--kubeconfig", type=Path, default=None, help="default: the admin's")
    parser.add_argument("--image", default=DEFAULT_IMAGE, help="a busybox image to run")
    parser.add_argument("--only", default="", metavar="CHECKS", help="only these, with commas")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 when a check failed."""
    inventory = load_inventory(args)
    only = tuple(word for word in args.only.split(",") if word)
    style = stderr_style()
    families = len(inventory.cluster.network.families)
    options_ = VerifyOptions(image=args.image, only=only, families=families)
    with _kubeconfig(args, inventory) as kubeconfig:
        results = run_checks(
            kubeconfig, options_, lambda result: note(f"{_status(result, style)} {result.title}")
        )
    failed = sum(result.status == "failed" for result in results)
    if args.output == "json":
        print_json({"ok": not failed, "checks": [_data(result) for result in results]})
    elif args.output == "junit":
        out(junit("kprov.verify", map(_case, results)))
    else:
        _print(results, failed)
    return 1 if failed else 0


@contextmanager
def _kubeconfig(args: argparse.Namespace, inventory: Inventory) -> Iterator[Path]:
    """The one that was named, or the administrator's in a private file for as long as it takes."""
    if args.kubeconfig:
        yield args.kubeconfig
        return
    if inventory.cluster.provider != "ssh":
        from kprov.cli import managed

        with managed.verify_kubeconfig(args, inventory) as path:
            yield path
        return
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    with tempfile.TemporaryDirectory(prefix="kprov-verify-") as folder:
        path = Path(folder) / "kubeconfig"
        write_atomic(path, applied_session(inventory, state, args.bundle).kubeconfig().encode())
        yield path


def _print(results: tuple[CheckResult, ...], failed: int) -> None:
    style = stdout_style()
    rows = [
        (result.status, result.title, f"{result.seconds:.1f} s", _words(result))
        for result in results
    ]
    out(table(("result", "check", "time", "detail"), rows, style))
    not_run = sum(result.status == "not-run" for result in results)
    verdict = style(f"{failed} failed", "red") if failed else style("all well", "green")
    out(f"{len(results)} checks: {verdict}, {not_run} not run")


def _case(result: CheckResult) -> Case:
    return Case("cluster", result.title, result.status, result.seconds, _words(result))


def _words(result: CheckResult) -> str:
    return "\n".join(text for text in (result.detail, result.hint) if text)


def _status(result: CheckResult, style: Style) -> str:
    return style(f"{result.status:7}", _COLOR[result.status])


def _data(result: CheckResult) -> dict[str, object]:
    return {
        "name": result.name,
        "title": result.title,
        "status": result.status,
        "seconds": round(result.seconds, 3),
        "detail": result.detail,
        "hint": result.hint,
    }
