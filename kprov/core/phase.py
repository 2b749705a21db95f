"""Phase: a named part of the work, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kprov.model.facts import Facts

Batches = list[list[str]]
BatchRule = Callable[[Sequence[str], Mapping[str, Facts]], Batches]


@dataclass(frozen=True, slots=True)
class Phase:
    """`after`: phases that must be done on all their hosts; on one host, table order holds."""

    name: str
    hosts: str
    roles: tuple[str, ...]
    title: str
    batch: BatchRule
    after: tuple[str, ...] = ()
