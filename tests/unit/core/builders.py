"""Short ways to make the values that plans are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kprov.core.batch import together
from kprov.core.phase import BatchRule, Phase
from kprov.model.change import Action, Change
from kprov.model.facts import Facts
from kprov.model.resource import Resource, State


def resource(
    identity: str,
    expected: State | None = None,
    *,
    role: str = "role",
    restart_on: tuple[str, ...] = (),
) -> Resource:
    """A resource by its id; `expected` defaults to something."""
    kind, _, name = identity.partition(":")
    return Resource(kind, name, expected or {"value": "1"}, role=role, restart_on=restart_on)


def created(identity: str, role: str = "role") -> Change:
    """A change that creates the resource."""
    return Change(resource(identity, role=role), Action.CREATE)


def facts(observed: Mapping[str, State | None] | None = None) -> Facts:
    """Facts of a host that was looked at."""
    return Facts({}, observed or {})


def phase(name: str, after: Sequence[str] = (), batch: BatchRule = together) -> Phase:
    """A phase."""
    return Phase(name, "all", (), name, batch, tuple(after))
