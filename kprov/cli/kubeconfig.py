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
    parser.add_argument("--ttl", default="8h", help="how long they live: 30m, 8h, 7d (default 8h)")


def run(args: argparse.Namespace) -> int:
    """Prints the kubeconfig unless a file was named."""
    inventory = load_inventory(args)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    session = applied_session(inventory, state)
    text = session.kubeconfig()
    if args.user:
        text = session.user_kubeconfig(args.user, tuple(args.group), _ttl(args.ttl))
    if args.merge:
        path = args.file or Path(os.environ.get("KUBECONFIG", "~/.kube/config").split(":")[0])
        path = path.expanduser()
        text = merge((read_optional(path) or b"").decode(), text, where=str(path))
        write_atomic(path, text.encode())
        note(f"merged into {path}")
    elif args.file:
        write_atomic(args.file, text.encode())
        note(f"written to {args.file}")
    else:
        out(text.rstrip())
    return 0


def applied_session(inventory: Inventory, state: StateDir) -> Session:
    """A session whose credentials exist; InputError when nothing was applied yet."""
    session = open_session(inventory, state)
    if not session.applied:
        raise InputError(
            "this cluster was not applied yet: there are no credentials",
            where=str(state.root),
            hint=f"kprov apply {inventory.path}",
        )
    return session


def _ttl(text: str) -> timedelta:
    match = re.fullmatch(r"(\d+)([mhd])", text)
    if match is None:
        raise InputError(f"--ttl {text!r} is not a time", hint="such as 30m, 8h or 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
