"""`kprov local`: machines on this computer, to try kprov on."""

from __future__ import annotations

import argparse
import ipaddress
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kprov.cli.common import load_hosts, output_option, print_json, stdout_style
from kprov.engine.cache import cache_root
from kprov.machines import lifecycle
from kprov.machines.folders import Folders
from kprov.machines.values import LocalSpec, Machine, Network, Started
from kprov.model.cluster import LoadBalancer
from kprov.model.errors import InputError
from kprov.model.host import Inventory
from kprov.state.directory import open_state
from kprov.transport.hostkeys import forget
from kprov.ui.style import note, out
from kprov.ui.table import table


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options of the four subcommands."""
    commands = parser.add_subparsers(dest="action", metavar="up|down|list|ssh", required=True)
    for name, words in (
        ("up", "boot what the inventory names"),
        ("down", "remove its machines and all that they needed"),
    ):
        example = f"example:\n  kprov local {name} inventories/local.yaml"
        raw = argparse.RawDescriptionHelpFormatter
        sub = commands.add_parser(name, help=words, epilog=example, formatter_class=raw)
        sub.add_argument("inventory", type=Path, help="inventory with `local: {}` below cluster")
        sub.add_argument(
            "-e", "--extra-vars", action="append", default=[], metavar="KEY=VALUE",
            dest="overrides", help="override: cluster.name=other",
        )  # fmt: skip
        sub.add_argument(
            "--state", type=Path, default=None, metavar="DIR", help="the cluster's state folder"
        )
    listing = commands.add_parser("list", help="machines on this computer")
    output_option(listing)
    ssh = commands.add_parser("ssh", help="a shell on a machine")
    ssh.add_argument("machine")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")


def run(args: argparse.Namespace) -> int:
    """Dispatch."""
    match args.action:
        case "up":
            return _up(args)
        case "down":
            return _down(args)
        case "list":
            return _list(args)
        case _:
            return _ssh(args)


def _up(args: argparse.Namespace) -> int:
    inventory = load_hosts(args)
    started = lifecycle.up(local_spec(inventory), cache=cache_root(), report=note)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    for machine in started:
        if machine.fresh:
            forget(state.known_hosts, machine.address, 22)
        out(_started(machine))
    return 0


def _started(machine: Started) -> str:
    how = f"started in {machine.seconds:.1f} s" if machine.fresh else "was running"
    return f"{machine.name}  {machine.address}  {how}"


def _down(args: argparse.Namespace) -> int:
    inventory = load_hosts(args)
    lifecycle.down(inventory.cluster.name, cache=cache_root(), report=note)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    for host in inventory.hosts:
        forget(state.known_hosts, host.connection.address, host.connection.port or 22)
    out(f"{inventory.cluster.name}: no machines left")
    return 0


def _list(args: argparse.Namespace) -> int:
    machines = lifecycle.listing(cache_root())
    if args.output == "json":
        print_json({
            "machines": [
                {"cluster": m.cluster, "name": m.name, "address": m.address, "state": m.state,
                 "leader": m.leader}
                for m in machines
            ]
        })  # fmt: skip
        return 0
    rows = [(m.cluster, m.name, m.address, m.state, str(m.leader or "-")) for m in machines]
    out(table(("cluster", "machine", "address", "state", "pid"), rows, stdout_style()))
    return 0


def _ssh(args: argparse.Namespace) -> int:
    """Replaces this process with ssh."""
    cluster, _, name = args.machine.rpartition("/")
    found = [
        m for m in lifecycle.listing(cache_root())
        if m.name == name and cluster in ("", m.cluster)
    ]  # fmt: skip
    if len(found) != 1:
        names = ", ".join(f"{m.cluster}/{m.name}" for m in lifecycle.listing(cache_root()))
        raise InputError(
            f"no single machine `{args.machine}`", hint=f"there are: {names or 'none'}"
        )
    key = Folders(cache_root()).private_key
    words = ["ssh", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
             "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
             f"root@{found[0].address}", *args.words]  # fmt: skip
    sys.stdout.flush()
    os.execvp("ssh", words)  # noqa: S606  a shell for the person is what was asked for


BALANCER_PACKAGES: Mapping[LoadBalancer, tuple[str, ...]] = {
    "local": ("haproxy",), "keepalived": ("keepalived",), "external": ()
}  # fmt: skip
"""What machines without a package mirror must have from the beginning."""


def local_spec(inventory: Inventory) -> LocalSpec:
    """The machines an inventory with `cluster.local` stands for."""
    local = inventory.cluster.local
    if local is None:
        raise InputError(
            "this inventory is not of local machines", where=inventory.path,
            hint="`local: {}` below `cluster:` says that kprov may boot them on this computer",
        )  # fmt: skip
    balancer = inventory.load_balancer
    machines = tuple(
        Machine(host.name, host.connection.address, str(host.vars.get("ip6", "")))
        for host in inventory.hosts
    )
    first = machines[0].address
    network = ipaddress.ip_network(local.network or f"{first}/24", strict=False)
    gateway = f"{network[1]}/{network.prefixlen}"
    bridge = local.bridge or f"kp-{inventory.cluster.name}"[:15].rstrip("-")
    return LocalSpec(
        cluster=inventory.cluster.name,
        machines=machines,
        network=Network(bridge, gateway, _gateway6(machines[0].address6)),
        packages=() if balancer is None else BALANCER_PACKAGES[balancer],
        sudo_password=next(
            (h.connection.become_password for h in inventory.hosts if h.connection.become_password),
            None,
        ),
    )


def _gateway6(first: str) -> str:
    """This computer's own address in the /64 around the first machine's; empty without one."""
    if not first:
        return ""
    network = ipaddress.ip_network(f"{first}/64", strict=False)
    return f"{network[1]}/64"
