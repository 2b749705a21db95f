"""Change: one difference between desired and observed, and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from kprov.model.resource import Resource, State


class Action(enum.Enum):
    """What will be done; the value is the rune that a plan shows."""

    CREATE = "+"
    UPDATE = "~"
    REMOVE = "-"
    RESTART = "!"
    MAYBE = "?"
    """A guard that an earlier change may alter: tested again on the host."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change to one resource; `because` are the ids that make a restart necessary."""

    resource: Resource
    action: Action
    before: State | None = None
    keys: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    before_content: bytes | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The resource's id."""
        return self.resource.id
