"""The words of the role language: task keywords, kinds, and the parameters of each kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kprov.model.errors import Problem

KEYWORDS = ("as", "when", "restart_on", "loop", "name")
"""What a task may say besides its kind; `name` is for readers."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names of required parameters, and of optional ones with their defaults."""

    required: tuple[str, ...]
    optional: Mapping[str, object]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.required, *self.optional)


_OWNED = {"mode": "0644", "owner": "root", "group": ""}

KINDS: Mapping[str, Parameters] = {
    "directory": Parameters(("path",), {**_OWNED, "mode": "0755", "data": False}),
    "file": Parameters(
        ("path",), {**_OWNED, "template": "", "content": None, "absent": False, "secret": False}
    ),
    "link": Parameters(("path", "target"), {}),
    "artifact": Parameters(("name", "path"), {"member": ""}),
    "unit": Parameters(
        ("name",), {"template": "", "enabled": True, "running": True, "block": True}
    ),
    "sysctl": Parameters(("name", "value"), {}),
    "module": Parameters(("name",), {}),
    "package": Parameters(("name",), {}),
    "user": Parameters(("name", "home"), {"shell": "/usr/sbin/nologin"}),
    "mount": Parameters(("path", "source", "type"), {"options": "defaults"}),
    "command": Parameters(("run",), {"unless": "", "creates": "", "name": ""}),
    "certificate": Parameters(("name", "cert", "key"), {"owner": "root", "group": ""}),
    "authority": Parameters(("name", "cert"), {"key": "", "owner": "root", "group": ""}),
    "kubeconfig": Parameters(
        ("path", "certificate", "server"), {"mode": "0600", "owner": "root", "group": ""}
    ),
    "image": Parameters(("archive",), {}),
    "manifest": Parameters(("name",), {"template": "", "content": None}),
    "wait": Parameters(("name", "run"), {"timeout": 120, "unit": ""}),
}
"""Every kind that a role may use. Some are shorthand for files: certificate, kubeconfig."""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint: the closest known word, or all of them."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"


def unknown_word(what: str, word: str, words: Iterable[str], where: str) -> Problem:
    """The problem of a word that the language does not have."""
    return Problem(f"unknown {what} `{word}`", where, did_you_mean(word, words))
