"""`kprov --version`: release and commit."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from kprov import __version__
from kprov.ui.style import out


class VersionAction(argparse.Action):
    """Prints and ends; the commit is looked for only then."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show release and commit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """One line, such as `kprov 0.1.0 (1a2b3c4d5e6f)`."""
        out(version_text())
        parser.exit()


def version_text() -> str:
    """Release and commit; without the commit where nothing tells it."""
    commit = built_from() or checked_out()
    return f"kprov {__version__} ({commit})" if commit else f"kprov {__version__}"


def built_from() -> str:
    """The commit that a wheel was made from."""
    path = files("kprov").joinpath("_share/commit")
    return path.read_text().strip() if path.is_file() else ""


def checked_out() -> str:
    """The commit of the checkout that this runs in, `+` where files were changed since."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    command = ("git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+",
               "--exclude=*")  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
