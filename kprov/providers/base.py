"""The protocol of clusters that somebody else runs: what a command needs of any of them.

Another cloud is another package beside `aks` and a line in table.py. What an inventory may say of
it is checked in kprov.inventory, before any of this is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from kprov.model.change import Change
from kprov.model.plan import Plan

Tell = Callable[[str], None]
"""Takes a line about what is going on meanwhile."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a cluster is, for people and pipelines."""

    state: str
    """The provider's word: Succeeded, Updating, Failed, missing."""
    version: str
    pools: tuple[PoolStatus, ...]
    busy: str = ""
    """What is going on; empty when nothing is."""
    lease: str = ""
    """Who is at work on it with kprov."""


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """How a pool is."""

    name: str
    state: str
    version: str
    nodes: int
    size: str


class Look(Protocol):
    """What was found of one cluster; plans are made from it without asking again."""

    @property
    def status(self) -> Status:
        """How it is."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Worth knowing before anything is done."""
        ...

    def plan(self, *, allow_replace: bool) -> Plan:
        """What would make it as the inventory says; ProblemsError when that cannot be done."""
        ...

    def removal(self) -> Plan:
        """What would take it away; ProblemsError when kprov did not make it."""
        ...


class Provider(Protocol):
    """One cluster of an inventory, at one provider."""

    def observe(self) -> Look:
        """Ask, and change nothing. Raises ProviderError, InputError."""
        ...

    def settle(self, tell: Tell) -> None:
        """Wait until nothing is in progress, what a killed run began included."""
        ...

    def lease(self, owner: str, *, steal: bool) -> AbstractContextManager[None]:
        """Keep other applies out for the block. Raises LeaseHeldError."""
        ...

    def apply(self, change: Change, tell: Tell, *, wait: bool) -> bool:
        """Do one change and wait for its end; without `wait` False when it only has begun.

        Raises ProviderError, and InterruptedByUser after `stop`.
        """
        ...

    def stop(self) -> None:
        """Somebody pressed Ctrl-C: stop waiting; what was begun goes on and is found again."""
        ...

    def kubeconfig(self, *, admin: bool | None) -> str:
        """A kubeconfig of one context. Raises ProviderError when there is no such sign-in.

        `admin` None: the built-in administrator's where there is one, else the user's.
        """
        ...
