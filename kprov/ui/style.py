"""Colours, and the streams that a person sees."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

_CODES: Mapping[str, str] = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """Paints text, or leaves it as it is."""

    color: bool

    def __call__(self, text: str, name: str) -> str:
        """`text` in a colour of `_CODES`."""
        return f"\033[{_CODES[name]}m{text}\033[0m" if self.color and text else text


def style_for(stream: TextIO, environ: Mapping[str, str] = os.environ) -> Style:
    """Colours on a terminal, unless NO_COLOR (no-color.org) or a dumb terminal says otherwise."""
    plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
    return Style(stream.isatty() and not plain)


def harmless(text: str) -> str:
    """Text from a host without what would steer a terminal (colours, cursor, bells)."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def out(text: str = "") -> None:
    """What was asked for."""
    _write(sys.stdout, text)


def note(text: str = "") -> None:
    """What goes on meanwhile: progress, warnings; never mixed into asked-for output."""
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    """Print a line. Nobody who stops reading (`| head`) stops or fails the work by that."""
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
