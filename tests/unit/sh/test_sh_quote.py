"""Quoting: one word that means exactly the text, in every shell."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.sh.quote import call, quote

TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=40)
SHELLS = [name for name in ("dash", "bash", "busybox") if shutil.which(name)]


@given(st.lists(TEXTS, max_size=5))
def test_words_come_back_as_they_were(words: list[str]) -> None:
    """Whatever is in them: quotes, dollars, newlines, backslashes, empty ones."""
    assert shlex.split(call("f", *words)) == ["f", *words]


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=8))
def test_real_shells_agree(words: list[str]) -> None:
    """They print the same bytes back, each word ended by a NUL."""
    script = "f() { printf '%s\\0' \"$@\"; }\n" + call("f", *words)
    for shell in SHELLS:
        command = [shell, *(["sh"] if shell == "busybox" else []), "-c", script]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stdout.decode() == "".join(f"{word}\0" for word in words)


def test_there_is_a_shell_to_ask() -> None:
    """The test above is empty without one."""
    assert SHELLS


def test_a_nul_is_refused() -> None:
    """No shell can hold it."""
    with pytest.raises(ValueError, match="NUL"):
        quote("a\0b")


def test_truth_in_words() -> None:
    """As the shell functions ask for it."""
    assert call("f", True, False) == "f yes no"
