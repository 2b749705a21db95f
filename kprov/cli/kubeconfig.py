"""`kprov kubeconfig`: write or merge credentials for people."""

from __future__ import annotations

import argparse
import os
import re
from datetime import timedelta
from pathlib import Path

from kprov.cli.common import inventory_options, load_inventory
from kprov.engine.session import Session, open_session
from kprov.model.errors import InputError
from kprov.model.host import Inventory
from kprov.pki.kubeconfig import merge
from kprov.state.atomic import read_optional, write_atomic
from kprov.state.directory import StateDir, open_state
from kprov.ui.style import note, out

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    inventory_options(parser)
    parser.add_argument("--merge", action="store_true", help="into KUBECONFIG or ~/.kube/config")
    parser.add_argument("--file", type=Path, default=None, help="write to this file")
    parser.add_argument("--user", default=None, help="for this user, not the administrator")
    parser.add_argument("--group", action="append", default=[], help="a group of that user")
    parser.add_argument(
        "--admin", action="store_true", help="managed clusters: the built-in administrator's"
    )
    parser.add_argument("--ttl", default="8h", help="how long they live: 30m, 8h, 7d (default 8h)")


def run(args: argparse.Namespace) -> int:
    """Prints the kubeconfig unless a file was named."""
    ttl = _ttl(args.ttl)
    if args.group and not args.user:
        raise InputError("--group is for --user NAME, which is missing")
    text = _kubeconfig(args, load_inventory(args), ttl)
    if args.merge:
        path = (args.file or _first_kubeconfig()).expanduser()
        text = merge(_text(path), text, where=str(path))
        write_atomic(path, text.encode())
        note(f"merged into {path}")
    elif args.file:
        write_atomic(args.file, text.encode())
        note(f"written to {args.file}")
    else:
        out(text.rstrip())
    return 0


def _kubeconfig(args: argparse.Namespace, inventory: Inventory, ttl: timedelta) -> str:
    if inventory.cluster.provider != "ssh":
        from kprov.cli import managed

        return managed.kubeconfig(args, inventory)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    session = applied_session(inventory, state, args.bundle)
    if args.user:
        return session.user_kubeconfig(args.user, tuple(args.group), ttl)
    return session.kubeconfig()


def applied_session(inventory: Inventory, state: StateDir, bundle: Path | None = None) -> Session:
    """A session whose credentials exist; InputError when nothing was applied yet."""
    session = open_session(inventory, state, bundle=bundle)
    if not session.applied:
        raise InputError(
            "this cluster was not applied yet: there are no credentials",
            where=str(state.root),
            hint=f"kprov apply {inventory.path}",
        )
    return session


def _first_kubeconfig() -> Path:
    """Where kubectl itself writes: the first file of KUBECONFIG, a list with colons."""
    named = [name for name in os.environ.get("KUBECONFIG", "").split(":") if name]
    return Path(named[0] if named else "~/.kube/config")


def _text(path: Path) -> str:
    try:
        return (read_optional(path) or b"").decode()
    except UnicodeDecodeError as error:
        raise InputError(f"is no kubeconfig: {error.reason}", where=str(path)) from error


def _ttl(text: str) -> timedelta:
    match = re.fullmatch(r"0*([1-9]\d{0,5})([mhd])", text)
    if match is None:
        raise InputError(f"--ttl {text!r} is not a time", hint="such as 30m, 8h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
