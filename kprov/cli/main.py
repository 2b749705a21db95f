"""The command line: which command, its options, its exit code.

Commands are imported when called, so that `--help` is quick.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import importlib
import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from kprov.cli.version import VersionAction
from kprov.model.errors import InterruptedByUser, KprovError

EXIT_CODES = """exit codes:
  0  done; for plan, check, status: nothing to do, all well
  1  failed: nothing or a part was done, the output says which
  2  plan has changes, status found drift
  3  the input is wrong, nothing was touched
  4  busy: another apply holds the lease
  130  interrupted"""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the module kprov.cli.MODULE has `options(parser)` and `run(args) -> int`."""

    name: str
    help: str
    example: str


# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command("init", "write an inventory to start from",
            "kprov init --control-plane 192.0.2.11"),
    Command("check", "preflight: can these hosts become this cluster?",
            "kprov check inventory.yaml"),
    Command("plan", "show what apply would change",
            "kprov plan inventory.yaml -o plan.json"),
    Command("apply", "make the cluster what the inventory says",
            "kprov apply inventory.yaml"),
    Command("status", "how the hosts are: units, drift, certificates",
            "kprov status inventory.yaml"),
    Command("verify", "prove that the cluster does its work",
            "kprov verify inventory.yaml"),
    Command("kubeconfig", "write or merge a kubeconfig",
            "kprov kubeconfig inventory.yaml --merge"),
    Command("history", "what was done, when, by which run",
            "kprov history inventory.yaml"),
    Command("render", "print the resources and the shell of a role",
            "kprov render inventory.yaml cp1 etcd"),
    Command("schema", "print the JSON Schema of inventories",
            "kprov schema > kprov.schema.json"),
    Command("bundle", "all that an apply needs, in one file",
            "kprov bundle create inventory.yaml -o demo.tar"),
    Command("reset", "take away what kprov put on the hosts",
            "kprov reset inventory.yaml"),
    Command("azure-token", "sign in to an AKS cluster; kubectl calls this",
            "kprov azure-token --credential cli"),
    Command("local", "machines on this computer",
            "kprov local up inventories/local.yaml"),
    Command("passphrase", "encrypt the keys in the state folder with another passphrase",
            "kprov passphrase inventory.yaml"),
    Command("completion", "print the completion script of a shell",
            "kprov completion bash > /etc/bash_completion.d/kprov"),
)
# fmt: on


class Parser(argparse.ArgumentParser):
    """Wrong usage is wrong input: exit code 3."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, with a guess where a word is not known."""
        self.print_usage(sys.stderr)
        self.exit(3, f"error: {message}{_guess(message)}\n")


def _guess(message: str) -> str:
    """argparse names the word and then all that would have been right."""
    match = re.match(r".*invalid choice: '([^']*)' \(choose from (.*)\)", message)
    words = re.findall(r"[\w-]+", match[2]) if match else []
    close = difflib.get_close_matches(match[1], words, 1) if match else []
    return f"\n    did you mean `{close[0]}`?" if close else ""


def _parser(*chosen: str | None) -> argparse.ArgumentParser:
    """The parser; only the chosen commands' modules are imported, for their options."""
    parser = Parser(
        prog="kprov",
        description="Brings up Kubernetes from an inventory, over SSH.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=VersionAction)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=f"example:\n  {command.example}\n\n{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.name in chosen:
            _module(command.name).options(sub)
    return parser


def complete_parser() -> argparse.ArgumentParser:
    """The parser with the options of all commands: for the man page."""
    return _parser(*(command.name for command in COMMANDS))


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    # One command and gone: what the collector would look through all the time is imports.
    gc.set_threshold(100_000)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # CI jobs are ended like this
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except KprovError as error:
        return _report(error)
    except KeyboardInterrupt:
        return _report(InterruptedByUser("interrupted"))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(words: list[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:
        return _complete()
    args = _parser(_chosen(words)).parse_args(words)
    code: int = _module(args.command).run(args)
    return code


def _chosen(words: list[str]) -> str | None:
    names = {command.name for command in COMMANDS}
    return next((word for word in words if word in names), None)


def _complete() -> int:
    """A shell asks, by argcomplete's protocol, how a command line may go on."""
    import argcomplete

    argcomplete.autocomplete(_parser(_chosen(os.environ.get("COMP_LINE", "").split())))
    return 0


def _module(command: str) -> Any:
    return importlib.import_module(f"kprov.cli.{command.replace('-', '_')}")


def _report(error: KprovError) -> int:
    from kprov.ui.errors import error_text
    from kprov.ui.style import note, style_for

    note(error_text(error, style_for(sys.stderr)))
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
