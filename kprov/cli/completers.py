"""Words that only an inventory knows, for the shell: hosts, groups, roles.

A completer is called by argcomplete with what was parsed so far. It never complains: what cannot
be read has no words.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kprov.model.errors import KprovError
from kprov.model.share import share

if TYPE_CHECKING:
    from kprov.model.host import Inventory

Completer = Callable[..., Iterable[str]]


def completed(action: argparse.Action, completer: Completer) -> None:
    """Let the shell complete this option's value by a completer."""
    action.completer = completer  # type: ignore[attr-defined]  # argcomplete's own protocol


def hosts(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    """Hosts of the inventory."""
    inventory = _inventory(parsed_args)
    return () if inventory is None else [host.name for host in inventory.hosts]


def hosts_and_groups(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    """What `--limit` takes, several with commas."""
    inventory = _inventory(parsed_args)
    if inventory is None:
        return ()
    before = prefix[: prefix.rfind(",") + 1]
    names = [host.name for host in inventory.hosts] + list(inventory.groups)
    return [before + name for name in dict.fromkeys(names)]


def roles(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> Iterable[str]:
    """Shipped roles, and those beside the inventory."""
    folders = (Path(parsed_args.inventory).absolute().parent / "roles", share("roles"))
    return sorted({path.parent.name for folder in folders for path in folder.glob("*/tasks.yaml")})


def _inventory(args: argparse.Namespace) -> Inventory | None:
    from kprov.inventory.load import load

    try:
        return load(args.inventory, overrides=getattr(args, "overrides", []))
    except (KprovError, OSError):
        return None
