"""`kprov completion`: what a shell needs to complete kprov's command lines."""

from __future__ import annotations

import argparse

from kprov.ui.style import out

SHELLS = ("bash", "zsh", "fish")


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    parser.add_argument("shell", choices=SHELLS)


def run(args: argparse.Namespace) -> int:
    """Print the script; it asks kprov itself, so hosts and roles come from the inventory."""
    from argcomplete.shell_integration import shellcode

    out(shellcode(["kprov"], shell=args.shell).strip())
    return 0
