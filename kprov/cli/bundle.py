"""`kprov bundle`: all that an apply needs, in one file, for places without internet."""

from __future__ import annotations

import argparse
from pathlib import Path

from kprov.artifacts.bundle import BundleIndex, read_bundle, read_index
from kprov.artifacts.cache import digest_of
from kprov.artifacts.catalogue import ARCHITECTURES
from kprov.cli.common import (
    inventory_options,
    load_hosts,
    output_option,
    print_json,
    stdout_style,
)
from kprov.model.errors import InputError
from kprov.state.directory import open_state
from kprov.ui.style import harmless, note, out
from kprov.ui.table import table

_MEGABYTE = 1_000_000


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options of the four subcommands."""
    commands = parser.add_subparsers(
        dest="action", metavar="create|list|verify|serve", required=True
    )
    create = _command(
        commands, "create", "fetch what an apply would, into one file",
        "kprov bundle create inventory.yaml -o demo.tar --arch amd64 --arch arm64",
    )  # fmt: skip
    inventory_options(create)
    create.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the bundle to write"
    )
    create.add_argument(
        "--arch", action="append", default=[], choices=ARCHITECTURES,
        help="an architecture of the hosts, may be repeated (default amd64)",
    )  # fmt: skip
    listing = _command(commands, "list", "what is in a bundle", "kprov bundle list demo.tar")
    verify = _command(
        commands, "verify", "is every file in a bundle what it should be?",
        "kprov bundle verify demo.tar",
    )  # fmt: skip
    serve = _command(
        commands, "serve", "a mirror in upstream's layout, over HTTP",
        "kprov bundle serve demo.tar --listen 192.0.2.1:8080\n"
        "  the inventory then says `artifacts: {mirror: 'http://192.0.2.1:8080'}`",
    )  # fmt: skip
    for sub in (listing, verify, serve):
        sub.add_argument("bundle", type=Path, help="a file that `kprov bundle create` wrote")
    output_option(listing)
    serve.add_argument(
        "--listen", default="127.0.0.1:8080", metavar="ADDRESS:PORT",
        help="where to listen (default 127.0.0.1:8080; 0.0.0.0:8080: on every address)",
    )  # fmt: skip


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    words: str,
    example: str,
) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    return commands.add_parser(
        name, help=words, epilog=f"example:\n  {example}", formatter_class=raw
    )


def run(args: argparse.Namespace) -> int:
    """Dispatch."""
    match args.action:
        case "create":
            return _create(args)
        case "list":
            return _list(args)
        case "verify":
            return _verify(args)
        case _:
            return _serve(args)


def _create(args: argparse.Namespace) -> int:
    from kprov.engine.bundling import create
    from kprov.engine.session import open_session

    if args.output.is_dir() or not args.output.absolute().parent.is_dir():
        raise InputError("expected a file in a folder that exists", where=str(args.output))
    inventory = load_hosts(args)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    session = open_session(inventory, state, bundle=args.bundle)
    architectures = tuple(its for its in ARCHITECTURES if its in (args.arch or ["amd64"]))

    def tell(text: str) -> None:
        if text:
            note(text)

    index = create(session, architectures, args.output, tell)
    out(_summary(args.output, index))
    return 0


def _list(args: argparse.Namespace) -> int:
    index = read_index(args.bundle)
    if args.output == "json":
        print_json({
            "kubernetes": index.kubernetes, "architectures": list(index.architectures),
            "files": [
                {"path": f.path, "sha256": f.sha256, "size": f.size, "origin": f.origin}
                for f in index.files
            ],
        })  # fmt: skip
        return 0
    rows = [(harmless(f.path), f"{f.size}", f.sha256[:12]) for f in index.files]
    out(table(("FILE", "BYTES", "SHA256"), rows, stdout_style()))
    out(_summary(args.bundle, index))
    return 0


def _verify(args: argparse.Namespace) -> int:
    """Exit code 3 when a file is missing or altered."""
    index = read_bundle(args.bundle, lambda _, stream: digest_of(stream))
    out(f"{_summary(args.bundle, index)}: all as the index says")
    return 0


def _serve(args: argparse.Namespace) -> int:
    from kprov.engine.bundle_server import bundle_server

    read_bundle(args.bundle, lambda _, stream: digest_of(stream))
    with bundle_server(args.bundle, _address(args.listen), note) as server:
        note(f"serving {args.bundle} on http://{args.listen}, until Ctrl-C")
        server.serve_forever()
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise InputError(f"--listen {text!r} is not ADDRESS:PORT", hint="such as 0.0.0.0:8080")
    return host.strip("[]"), int(port)


def _summary(path: Path, index: BundleIndex) -> str:
    architectures = " and ".join(index.architectures)
    size = f"{index.size / _MEGABYTE:.1f} MB"
    files = f"{len(index.files)} files, {size}"
    return f"{path}: Kubernetes {index.kubernetes} for {architectures}, {files}"
