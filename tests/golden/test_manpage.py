"""The man page is made from the parsers, committed, and travels in the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest
from argparse_manpage.manpage import Manpage

from kprov.cli.main import COMMANDS, complete_parser
from tests.golden.golden import compare

PAGE = Path(__file__).parents[2] / "share/man/man1/kprov.1"


def manpage() -> str:
    """Without a date and a version: it changes when a command changes."""
    page = Manpage(complete_parser(), {"prog": "kprov", "manual_title": "kprov"}, format="pretty")
    page.date, page.version, page.source = "", "", "kprov"
    return str(page)


def test_manpage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command with its options is in it."""
    monkeypatch.setenv("COLUMNS", "76")
    text = manpage()
    for command in COMMANDS:
        assert command.name.replace("-", r"\-") in text
    compare(PAGE, text)
