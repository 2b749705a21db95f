"""`kprov init`: write an inventory to start from."""

from __future__ import annotations

import argparse
from pathlib import Path

from kprov.cli.common import stderr_style
from kprov.model.errors import InputError
from kprov.state.atomic import write_atomic
from kprov.ui.style import note, out


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    parser.add_argument("file", nargs="?", type=Path, default=Path("inventory.yaml"))
    parser.add_argument(
        "--from", dest="source", type=Path, default=None, metavar="INVENTORY",
        help="carry over an inventory of Kubespray, Ansible, Terraform (output or show -json), CSV",
    )  # fmt: skip
    parser.add_argument("--name", default="demo", help="the cluster's name")
    parser.add_argument(
        "--control-plane", action="append", default=[], metavar="HOST",
        help="NAME=ADDRESS, an address, or a name; repeat for more",
    )  # fmt: skip
    parser.add_argument("--worker", action="append", default=[], metavar="HOST", help="the same")
    parser.add_argument("--user", default=None, help="SSH user (default: as ssh_config says)")
    parser.add_argument("--port", type=int, default=None, help="SSH port")
    parser.add_argument("--key-file", default=None, help="SSH private key")
    parser.add_argument("--bastion", default=None, metavar="[USER@]HOST", help="jump host")
    parser.add_argument("--kubernetes", default=None, metavar="VERSION", help="such as v1.36.2")
    parser.add_argument("--endpoint", default=None, metavar="HOST:PORT", help="VIP, load balancer")
    parser.add_argument("--mirror", default=None, metavar="URL", help="where artefacts come from")
    parser.add_argument("--local", action="store_true", help="machines on this computer")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def run(args: argparse.Namespace) -> int:
    """Writes the file; `-` prints it."""
    text = _carried_over(args) if args.source else _scaffold(args)
    if str(args.file) == "-":
        out(text.rstrip("\n"))
        return 0
    if args.file.exists() and not args.force:
        raise InputError(
            "this file exists already", where=str(args.file),
            hint="name another one, or add --force to replace it",
        )  # fmt: skip
    write_atomic(args.file, text.encode(), mode=0o644)
    note(f"written: {args.file}")
    note(f"next: edit it, then `kprov check {args.file}` and `kprov apply {args.file}`")
    return 0


def _scaffold(args: argparse.Namespace) -> str:
    from kprov.inventory.scaffold import scaffold

    given = {"control_planes": args.control_plane} if args.control_plane else {}
    return scaffold(
        name=args.name,
        workers=args.worker,
        user=args.user,
        kubernetes=args.kubernetes,
        port=args.port,
        key_file=args.key_file,
        bastion=args.bastion,
        endpoint=args.endpoint,
        mirror=args.mirror,
        local=args.local,
        file=str(args.file),
        **given,
    )


def _carried_over(args: argparse.Namespace) -> str:
    """Another tool's inventory; what is left out is said, each with the reason."""
    from kprov.inventory.kubespray import IGNORED
    from kprov.inventory.load import load
    from kprov.inventory.transfer import transferred

    inventory = load(args.source)
    for warning in inventory.warnings:
        if IGNORED not in warning:  # each of those has its own line below
            note(f"{stderr_style()('note:', 'yellow')} {warning}")
    transfer = transferred(inventory, str(args.file))
    for name, why in transfer.left_out.items():
        note(f"left out: {name}: {why}")
    return transfer.text
