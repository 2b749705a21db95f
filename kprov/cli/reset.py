"""`kprov reset`: take away what kprov put on the hosts, and nothing else."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from kprov.cli.cluster import HostsError, opened
from kprov.cli.common import confirm, host_options, load_inventory
from kprov.engine.reset import reset
from kprov.model.errors import KprovError
from kprov.ui.style import out


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    host_options(parser)
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--keep-binaries", action="store_true", help="leave /opt/kprov: a later apply is quicker"
    )
    parser.add_argument("--steal-lease", action="store_true", help="take over another run's lease")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 when a host could not be reset, 4 when it is leased to somebody else."""
    inventory = load_inventory(args)
    if inventory.cluster.provider != "ssh":
        from kprov.cli import managed

        return managed.reset(args, inventory)
    with opened(args, inventory) as it, it.session.state.lock(datetime.now(UTC)):
        names = [host.name for host in it.session.hosts]
        name = it.session.inventory.cluster.name
        question = f"Remove cluster `{name}` and all its data from {', '.join(names)}?"
        if not confirm(question, yes=args.yes):
            raise KprovError("not reset: the answer was no", hint="nothing was touched")
        lease = it.session.lease(steal=args.steal_lease)
        result = reset(names, it.connections, lease, keep_binaries=args.keep_binaries)
        state = it.session.state
    for host, gone in result.gone.items():
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(gone.items()))
        out(f"{host}: gone: {words}")
    if result.errors:
        problems = [p for error in result.errors.values() for p in error.problems]
        codes = {error.exit_code for error in result.errors.values()}
        raise HostsError(problems, exit_code=codes.pop() if len(codes) == 1 else 1)
    out(f"The certificates stay in {state.root}: apply can make the cluster again with them.")
    return 0
