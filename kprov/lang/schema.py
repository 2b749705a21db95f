"""The words of the role language: task keywords, kinds, and the parameters of each kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kprov.model.errors import Problem

KEYWORDS = ("as", "when", "restart_on", "reload_on", "loop", "name")
"""What a task may say besides its kind; `name` is for readers."""


UNIT_KEYWORDS = ("restart_on", "reload_on")
"""Those that only units may have: names of what they have to be started, or told, anew for."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names of required parameters, and of optional ones with their defaults.

    `one_of`: of these at least one has to be written. `seen_early`: names that facts may not be
    used in, because the look that finds the facts needs them itself.
    """

    required: tuple[str, ...]
    optional: Mapping[str, object]
    one_of: tuple[str, ...] = ()
    seen_early: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.required, *self.optional)


_OWNED = {"mode": "0644", "owner": "root", "group": ""}

KINDS: Mapping[str, Parameters] = {
    "directory": Parameters(
        ("path",), {**_OWNED, "mode": "0755", "data": False}, seen_early=("path",)
    ),
    "file": Parameters(
        ("path",),
        {
            **_OWNED,
            "template": "",
            "content": None,
            "absent": False,
            "secret": False,
            "validate": "",
        },
        one_of=("template", "content", "absent"),
        seen_early=("path",),
    ),
    "link": Parameters(("path", "target"), {}, seen_early=("path",)),
    "artifact": Parameters(("name", "path"), {"member": ""}, seen_early=("name", "path", "member")),
    "unit": Parameters(
        ("name",),
        {
            "template": "",
            "enabled": True,
            "running": True,
            "block": True,
            "mode": "0644",
            "tries_with": "",
        },
        seen_early=("name",),
    ),
    "sysctl": Parameters(("name", "value"), {}, seen_early=("name",)),
    "module": Parameters(("name",), {}, seen_early=("name",)),
    "package": Parameters(("name",), {}, seen_early=("name",)),
    "user": Parameters(("name", "home"), {"shell": "/usr/sbin/nologin"}, seen_early=("name",)),
    "mount": Parameters(("path", "source", "type"), {"options": "defaults"}, seen_early=("path",)),
    "command": Parameters(
        ("run",),
        {"unless": "", "creates": "", "name": ""},
        one_of=("unless", "creates"),
        seen_early=("unless", "creates", "name"),
    ),
    "certificate": Parameters(
        ("name", "cert"),
        {"key": "", "owner": "root", "group": ""},
        seen_early=("name", "cert", "key"),
    ),
    "authority": Parameters(
        ("name", "cert"),
        {"key": "", "owner": "root", "group": ""},
        seen_early=("name", "cert", "key"),
    ),
    "kubeconfig": Parameters(
        ("path", "certificate", "server"),
        {"mode": "0600", "owner": "root", "group": ""},
        seen_early=("path",),
    ),
    "encryption": Parameters(
        ("path", "resources"),
        {"mode": "0600", "owner": "root", "group": ""},
        seen_early=("path",),
    ),
    "image": Parameters(("archive",), {}, seen_early=("archive",)),
    "pull": Parameters(("name", "images"), {"block": True}, seen_early=("name", "images")),
    "manifest": Parameters(
        ("name",),
        {"template": "", "content": None, "absent": False, "family": "roles"},
        one_of=("template", "content", "absent"),
        seen_early=("name", "family"),
    ),
    "node": Parameters(
        ("name",), {"labels": {}, "annotations": {}, "taints": []}, seen_early=("name",)
    ),
    "addon": Parameters(("name",), {}, seen_early=("name",)),
    "leftovers": Parameters(("name", "keep"), {}, seen_early=("name", "keep")),
    "wait": Parameters(("name", "run"), {"timeout": 120, "unit": ""}, seen_early=("name", "run")),
}
"""Every kind that a role may use. Some are shorthand for files: kubeconfig, encryption..."""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint: the closest known word, or all of them."""
    known = sorted(words)
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(known)}"


def unknown_word(what: str, word: str, words: Iterable[str], where: str) -> Problem:
    """The problem of a word that the language does not have."""
    return Problem(f"unknown {what} `{word}`", where, did_you_mean(word, words))
