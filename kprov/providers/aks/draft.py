"""A plan while it is being made: changes in the order they will be done, problems, notes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov.model.change import Action, Change
from kprov.model.errors import Location, Problem
from kprov.model.plan import Plan, Step
from kprov.model.resource import Resource
from kprov.providers.aks.wire import Json, before_of, differing, flatten


@dataclass(slots=True)
class Draft:
    """Collects; Azure does one thing at a time on a cluster, so every step waits for the last."""

    cluster: str
    steps: list[tuple[str, Change]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Worth knowing, no reason to stop."""

    def create(
        self, phase: str, name: str, wanted: Mapping[str, Any], words: str, **more: Any
    ) -> None:
        """Something that is not there yet; `name` is `kind:name`."""
        shown = more.pop("shown", wanted)
        self._add(phase, Action.CREATE, _resource(name, shown, wanted, words, more), None, ())

    def upgrade(self, name: str, body: Mapping[str, Any], words: str, **more: Any) -> None:
        """A version: its own kind of change, because it takes hops."""
        resource = _resource(f"upgrade:{name}", body, body, words, more)
        self._add("upgrade", Action.UPDATE, resource, None, tuple(flatten(body)))

    def update(
        self,
        phase: str,
        name: str,
        wanted: Mapping[str, Any],
        observed: Mapping[str, Any],
        **more: Any,
    ) -> None:
        """Something that is not as wanted; nothing when it is."""
        keys = differing(wanted, observed)
        if keys:
            resource = _resource(name, wanted, wanted, "", more)
            self._add(phase, Action.UPDATE, resource, before_of(wanted, observed), keys)

    def remove(
        self, phase: str, name: str, before: Mapping[str, Any], words: str, **more: Any
    ) -> None:
        """Something that is not wanted any more."""
        kind, _, rest = name.partition(":")
        resource = Resource(kind, rest, None, {"words": words, **more})
        self._add(phase, Action.REMOVE, resource, flatten(before), ())

    def problem(self, what: str, hint: str) -> None:
        """Something that cannot be done."""
        self.problems.append(Problem(what, self.cluster, hint))

    def plan(self) -> Plan:
        """The steps, one after the other; changes of the same phase are one step."""
        grouped = itertools.groupby(self.steps, key=lambda pair: pair[0])
        steps = tuple(
            Step(number, self.cluster, (phase,), tuple(its for _, its in pairs), _after(number))
            for number, (phase, pairs) in enumerate(grouped)
        )
        return Plan(steps)

    def _add(
        self,
        phase: str,
        action: Action,
        resource: Resource,
        before: Mapping[str, Any] | None,
        keys: tuple[str, ...],
    ) -> None:
        self.steps.append((phase, Change(resource, action, before, keys)))


def _after(number: int) -> frozenset[int]:
    return frozenset({number - 1}) if number else frozenset()


def _resource(
    name: str, shown: Mapping[str, Any], body: Mapping[str, Any], words: str, more: Json
) -> Resource:
    kind, _, rest = name.partition(":")
    params = {"body": body, **more} | ({"words": words} if words else {})
    return Resource(kind, rest, flatten(shown), params, location=Location("inventory"))
