"""Rules about files: modes and owners as the host has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from kprov.core.benchmark.subject import Outcome, Subject
from kprov.model.benchmark import PathState

_SHOWN = 3
"""Offenders that evidence names; more are counted."""


def _found(patterns: tuple[str, ...], subject: Subject) -> Iterator[tuple[str, PathState]]:
    for path, state in sorted(subject.seen.paths.items()):
        deep = path.count("/")
        if any(fnmatchcase(path, its) and its.count("/") == deep for its in patterns):
            yield path, state


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more


@dataclass(frozen=True, slots=True)
class Mode:
    """No bit beyond `most`, an octal text, on any file that matches."""

    most: str
    patterns: tuple[str, ...]

    def judge(self, subject: Subject) -> Outcome:
        """Fails with the files that have too many rights, and the rights."""
        found = list(_found(self.patterns, subject))
        if not found:
            return "n/a", f"there is no {' '.join(self.patterns)} on this host"
        beyond = ~int(self.most, 8)
        bad = [f"{path} is {its.mode}" for path, its in found if int(its.mode, 8) & beyond]
        if bad:
            return "fail", f"{_listed(bad)}, expected at most {self.most}"
        return "pass", _listed([f"{path} is {its.mode}" for path, its in found])


@dataclass(frozen=True, slots=True)
class Owner:
    """Owned by one of `users`, and by that user's group.

    The benchmark says root, for it knows components that run as root; kprov's run as users of
    their own, which own what only they may read.
    """

    users: tuple[str, ...]
    patterns: tuple[str, ...]

    def judge(self, subject: Subject) -> Outcome:
        """Fails with the files that somebody else owns."""
        found = list(_found(self.patterns, subject))
        if not found:
            return "n/a", f"there is no {' '.join(self.patterns)} on this host"
        good = {(user, user) for user in self.users}
        bad = [
            f"{path} is {its.owner}:{its.group}"
            for path, its in found if (its.owner, its.group) not in good
        ]  # fmt: skip
        if bad:
            return "fail", f"{_listed(bad)}, expected {' or '.join(self.users)}"
        return "pass", _listed([f"{path} is {its.owner}:{its.group}" for path, its in found])
