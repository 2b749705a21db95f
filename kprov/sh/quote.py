"""The only quoting: text to one POSIX shell word."""

from __future__ import annotations

import shlex


def quote(text: str) -> str:
    """One shell word that means exactly `text`; ValueError for NUL, which no shell can hold."""
    if "\0" in text:
        raise ValueError("a shell word cannot hold a NUL byte")
    return shlex.quote(text)


def call(function: str, *words: str | bool) -> str:
    """A call of a shell function with quoted words; booleans become yes and no."""
    texts = (("yes" if word else "no") if isinstance(word, bool) else word for word in words)
    return " ".join([function, *(quote(text) for text in texts)])
