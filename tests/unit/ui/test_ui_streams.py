"""What is printed, and where nobody reads any more."""

from __future__ import annotations

import io
import os
import sys

import pytest

from kprov.ui.style import Style, harmless, note, out, style_for


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "color"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_only_where_they_are_wanted(environ: dict[str, str], color: bool) -> None:
    """no-color.org: set and not empty means no colours."""
    assert style_for(Terminal(), environ).color is color
    assert style_for(io.StringIO(), environ).color is False


def test_paint() -> None:
    """Nothing is painted where there is no colour, and no empty text."""
    assert Style(color=True)("x", "red") == "\033[31mx\033[0m"
    assert Style(color=True)("", "red") == ""
    assert Style(color=False)("x", "red") == "x"


def test_a_reader_who_leaves_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`| head`: later lines go nowhere, without an error."""
    for name, write in (("stdout", out), ("stderr", note)):
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as stream:
            monkeypatch.setattr(sys, name, stream)
            write("one")
            os.close(reading)
            write("two")
            write("three")


def test_letters_that_a_terminal_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's journal may hold any; on an ASCII terminal they are spelled out."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    out("● ü")
    assert raw.getvalue() == b"\\u25cf \\xfc\n"


def test_text_of_a_host_does_not_steer_the_terminal() -> None:
    """No colours, no titles, no bells; newlines and tabs stay."""
    assert harmless("a\tb\n\x1b]0;title\x07\x1b[2J● ü\r") == "a\tb\n?]0;title??[2J● ü?"
