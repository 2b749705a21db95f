"""The error tree. Every error says where, what was found, what was expected, what to do.

KprovError                 exit code
├── InputError             3   what people wrote is wrong; nothing was touched
│   └── ProblemsError      3   several of them, reported at once
├── LeaseHeldError         4   another apply is at work
├── StalePlanError         1   the hosts have moved since the plan was made
├── ArtifactError          1   a download, checksum or mirror problem
├── PkiError               1   certificate or key problem
├── TransportError         1   a host cannot be reached or used
│   └── HostKeyError       1   its SSH host key is not the pinned one
├── PayloadError           1   something did not work on a host
├── ProviderError          1   a cloud refused, or did not manage
├── LocalMachineError      1   local machines cannot be made
└── InterruptedByUser      130
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file that a person wrote; line 0 means the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `where` is a file:line or a host name, `hint` is what to do."""

    what: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n    {self.hint}" if self.hint else head


class KprovError(Exception):
    """Base of all errors that a person is meant to read."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | Location = "", hint: str = "") -> None:
        self.problem = Problem(what, str(where), hint)
        super().__init__(str(self.problem))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything this error reports, at least one."""
        return (self.problem,)


class InputError(KprovError):
    """What people wrote is wrong. Nothing was touched."""

    exit_code = 3


class ProblemsError(InputError):
    """Several input problems at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self._problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self._problems))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems in the order they were found."""
        return self._problems


class LeaseHeldError(KprovError):
    """Another apply holds the cluster's lease."""

    exit_code = 4


class StalePlanError(KprovError):
    """A saved plan no longer fits what the hosts look like."""


class ArtifactError(KprovError):
    """An artefact cannot be had, or is not what its checksum says."""


class PkiError(KprovError):
    """A certificate or key cannot be read, made or trusted."""


class TransportError(KprovError):
    """A host cannot be reached or used over SSH."""


class HostKeyError(TransportError):
    """The host's SSH key is not the one that was pinned."""


class PayloadError(KprovError):
    """Something did not work on a host."""


class ProviderError(KprovError):
    """A cloud refused, or did not manage; `code` is its own word for it."""

    def __init__(
        self, what: str, *, code: str = "", where: str | Location = "", hint: str = ""
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.code = code


class LocalMachineError(KprovError):
    """Local machines cannot be made, started or removed."""


class InterruptedByUser(KprovError):  # noqa: N818  an interruption is not an error of anybody's
    """Ctrl-C or TERM."""

    exit_code = 130
