"""Options and openings that several commands share."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kprov.cli.completers import completed, hosts_and_groups
from kprov.model.errors import InputError
from kprov.model.host import Inventory
from kprov.model.secret import Secret
from kprov.ui.style import Style, note, out, style_for


def inventory_options(parser: argparse.ArgumentParser) -> None:
    """INVENTORY, -e, --state, --limit and friends."""
    parser.add_argument("inventory", type=Path, help="inventory file, folder or executable")
    parser.add_argument(
        "-e", "--extra-vars", action="append", default=[], metavar="KEY=VALUE", dest="overrides",
        help="override: cluster.kubernetes=v1.36.2, a host variable, or @FILE",
    )  # fmt: skip
    parser.add_argument(
        "--state", type=state_place, default=None, metavar="DIR",
        help="the cluster's state folder (default: .kprov/CLUSTER beside the inventory), or a "
        "bucket that pipelines share: s3://BUCKET/PREFIX, azblob://CONTAINER/PREFIX",
    )  # fmt: skip
    parser.add_argument(
        "--bundle", type=Path, default=None, metavar="FILE",
        help="take artefacts and image archives from this bundle, and from nowhere else",
    )  # fmt: skip
    parser.add_argument("-v", "--verbose", action="store_true", help="say more")


def state_place(text: str) -> Path | str:
    """What `--state` names: a folder, or the address of a bucket."""
    from kprov.state.remote import is_remote

    return text if is_remote(text) else Path(text)


def host_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that connect to hosts."""
    inventory_options(parser)
    limit = parser.add_argument(
        "--limit", default=None, metavar="HOSTS", help="only these hosts or groups"
    )
    completed(limit, hosts_and_groups)
    parser.add_argument(
        "-K", "--ask-become-pass", action="store_true", help="ask for the sudo password"
    )
    parser.add_argument(
        "--events-fd", type=int, default=None, metavar="FD",
        help="write what happens to this file descriptor as well, a JSON object a line",
    )  # fmt: skip


def managed_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that plan managed clusters."""
    parser.add_argument(
        "--allow-replace", action="store_true",
        help="managed clusters: delete and make anew what cannot be changed in place",
    )  # fmt: skip


def skip_option(parser: argparse.ArgumentParser) -> None:
    """--skip-unreachable."""
    parser.add_argument(
        "--skip-unreachable", action="store_true",
        help="go on without hosts that cannot be reached, while etcd has a quorum; exit code 1",
    )  # fmt: skip


def output_option(parser: argparse.ArgumentParser, *more: str) -> None:
    """-o text|json, and what else a command can print."""
    others = f", {', '.join(more)}" if more else ""
    parser.add_argument(
        "-o", "--output", choices=("text", "json", *more), default="text",
        help=f"text for people (default), one JSON document{others}",
    )  # fmt: skip


def load_inventory(args: argparse.Namespace) -> Inventory:
    """The inventory of the command line; its warnings are said once."""
    from kprov.inventory.load import load

    bundled = getattr(args, "bundle", None) is not None
    inventory = load(args.inventory, overrides=args.overrides, bundled=bundled)
    for warning in inventory.warnings:
        note(f"{stderr_style()('note:', 'yellow')} {warning}")
    if getattr(args, "ask_become_pass", False):
        inventory = _with_become_password(inventory)
    return inventory


def load_hosts(args: argparse.Namespace) -> Inventory:
    """The inventory of a command that works on hosts; InputError for managed clusters."""
    inventory = load_inventory(args)
    provider = inventory.cluster.provider
    if provider != "ssh":
        raise InputError(
            f"`kprov {args.command}` works on hosts, this inventory has `provider: {provider}`",
            where=inventory.path,
            hint="plan, apply, status, verify, kubeconfig, history and reset know both",
        )
    return inventory


def _with_become_password(inventory: Inventory) -> Inventory:
    if not sys.stdin.isatty():
        raise InputError(
            "cannot ask for the sudo password: there is no terminal",
            hint="set KPROV_BECOME_PASSWORD instead of -K",
        )
    password = Secret(getpass.getpass("sudo password: ", stream=sys.stderr))
    hosts = tuple(
        replace(host, connection=replace(host.connection, become_password=password))
        for host in inventory.hosts
    )
    return replace(inventory, hosts=hosts)


def print_json(data: Mapping[str, Any]) -> None:
    """One JSON document."""
    out(json.dumps(data, indent=2))


def stdout_style() -> Style:
    """Colours for standard output."""
    return style_for(sys.stdout)


def stderr_style() -> Style:
    """Colours for standard error."""
    return style_for(sys.stderr)


def confirm(question: str, *, yes: bool) -> bool:
    """Ask before changing. Without a terminal only `--yes` is an answer; raises InputError."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError(
            "there is no terminal to ask on",
            hint="add --yes to go ahead without a question",
        )
    note(f"{question} [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
