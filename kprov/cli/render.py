"""`kprov render`: the resources of a role on a host, and their shell. Connects nowhere."""

from __future__ import annotations

import argparse

from kprov.cli.common import inventory_options, load_hosts, output_option, print_json
from kprov.cli.completers import completed, hosts, roles
from kprov.engine.desired import flat
from kprov.engine.rendering import rendered
from kprov.engine.session import open_session
from kprov.model.change import Action, Change
from kprov.model.errors import InputError
from kprov.model.resource import Resource
from kprov.sh.kinds import KINDS
from kprov.state.directory import open_state
from kprov.ui.style import out


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    inventory_options(parser)
    completed(parser.add_argument("host", help="a host of the inventory"), hosts)
    role = parser.add_argument("role", nargs="?", default=None, help="one role (default: all)")
    completed(role, roles)
    parser.add_argument("--file", default=None, metavar="PATH", help="print this file's content")
    output_option(parser)


def run(args: argparse.Namespace) -> int:
    """Facts that only the host knows are assumed: an amd64 Debian with cgroup v2."""
    inventory = load_hosts(args)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    session = open_session(inventory, state, limit=args.host, bundle=args.bundle)
    resources = flat(rendered(session, args.host))
    if args.role:
        resources = tuple(r for r in resources if r.role == args.role)
        if not resources:
            raise InputError(f"no role `{args.role}` on {args.host}", where=str(args.inventory))
    if args.file:
        _print_file(resources, args.file)
    elif args.output == "json":
        print_json({"host": args.host, "resources": [_data(resource) for resource in resources]})
    else:
        _print(resources)
    return 0


def _print(resources: tuple[Resource, ...]) -> None:
    for resource in resources:
        out(f"# {resource.location}")
        out(f"{resource.id}")
        for key, value in (resource.expected or {"absent": True}).items():
            out(f"    {key}: {value}")
        if resource.restart_on:
            out(f"    restart_on: {', '.join(resource.restart_on)}")
        out(f"    $ {KINDS[resource.kind].write(Change(resource, Action.CREATE))}")


def _print_file(resources: tuple[Resource, ...], path: str) -> None:
    for resource in resources:
        if resource.id == f"file:{path}" and resource.content:
            if resource.content.secret:
                raise InputError(f"{path} is secret: it is not printed")
            out(resource.content.data.decode().rstrip("\n"))
            return
    raise InputError(f"no file {path} on this host", hint="`render` without --file lists them")


def _data(resource: Resource) -> dict[str, object]:
    return {
        "id": resource.id,
        "role": resource.role,
        "expected": dict(resource.expected) if resource.expected is not None else None,
        "restart_on": list(resource.restart_on),
        "source": str(resource.location),
        "sh": KINDS[resource.kind].write(Change(resource, Action.CREATE)),
    }
