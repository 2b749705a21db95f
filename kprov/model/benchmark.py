"""What a host shows of its security settings, and what a check makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["pass", "fail", "n/a", "manual"]


@dataclass(frozen=True, slots=True)
class PathState:
    """A file or folder as stat says it; `mode` is octal with four digits."""

    mode: str
    owner: str
    group: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One host as it is: not what kprov would write.

    `programs`: unit to the arguments its process runs with; a unit that does not run is missing.
    `sums`: path to SHA-256. `providers`: those of the encryption configuration, in order.
    """

    programs: Mapping[str, tuple[str, ...]]
    paths: Mapping[str, PathState]
    sums: Mapping[str, str]
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check on one host. `scored`: the benchmark counts it; others are for people to judge."""

    id: str
    title: str
    scored: bool
    status: Status
    evidence: str
