"""What is wrong and what is worth saying, collected so that all of it is reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from kprov.model.errors import InputError, Location, Problem, ProblemsError


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """`did you mean 'kube_node'?` for the closest known word, an empty text when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return f"did you mean '{close[0]}'?" if close else ""


def hint_of(*parts: str) -> str:
    """The first part that says something: a suggestion is worth more than a list."""
    return next((part for part in parts if part), "")


class Findings:
    """Collects problems and warnings while an inventory is read; each is kept once."""

    def __init__(self) -> None:
        self._problems: dict[tuple[str, str], tuple[Location, Problem]] = {}
        self._warnings: dict[str, None] = {}

    def problem(self, what: str, where: Location | None = None, hint: str = "") -> None:
        """Note one problem; the same thing at the same place counts once."""
        place = where or Location("")
        key = (str(place), what)
        self._problems.setdefault(key, (place, Problem(what, str(place), hint)))

    def absorb(self, error: InputError) -> None:
        """Note everything an error says."""
        self.take(error.problems)

    def take(self, problems: Iterable[Problem]) -> None:
        """Note problems that others found."""
        for problem in problems:
            file, _, line = problem.where.rpartition(":")
            place = Location(file, int(line)) if line.isdigit() else Location(problem.where)
            self._problems.setdefault((problem.where, problem.what), (place, problem))

    def warn(self, text: str) -> None:
        """Note something that does not stop the work."""
        self._warnings.setdefault(text)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings in the order they came."""
        return tuple(self._warnings)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems: file by file in the order the files came up, by line within a file."""
        found = list(self._problems.values())
        rank: dict[str, int] = {}
        for place, _ in found:
            rank.setdefault(place.file, len(rank))
        found.sort(key=lambda pair: (rank[pair[0].file], pair[0].line))
        return tuple(problem for _, problem in found)

    def raise_problems(self) -> None:
        """Raise ProblemsError when there is any problem."""
        if self._problems:
            raise ProblemsError(self.problems)
