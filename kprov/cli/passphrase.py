"""`kprov passphrase`: encrypt the keys in the state folder with another passphrase."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime

from kprov.cli.common import inventory_options, load_inventory
from kprov.model.errors import InputError
from kprov.model.secret import Secret
from kprov.pki.store import Pki
from kprov.state.directory import open_state
from kprov.ui.style import out

OLD, NEW = "KPROV_PASSPHRASE", "KPROV_NEW_PASSPHRASE"


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options; passphrases come from the environment alone."""
    inventory_options(parser)


def run(args: argparse.Namespace) -> int:
    """All keys or none. InputError without a new passphrase, PkiError for a wrong old one."""
    new = os.environ.get(NEW)
    if not new:
        raise InputError(
            "there is no new passphrase",
            hint=f"set {NEW}; {OLD} holds the one that the keys have now, if any",
        )
    inventory = load_inventory(args)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    now, old = datetime.now(UTC), os.environ.get(OLD)
    with state.lock(now):
        state.pki.recover()
        secret = Secret(old) if old else None
        pki = Pki.open(state.pki, inventory.cluster, now=now, passphrase=secret)
        names = pki.change_passphrase(Secret(new))
    out(f"{len(names)} keys in {state.name} are encrypted anew: from now on {OLD} is the new one")
    return 0
