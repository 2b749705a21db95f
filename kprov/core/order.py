"""Order inside a host: restart inputs, restart reasons, guards that an earlier change may alter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kprov.core.diff import diff
from kprov.model.change import Action, Change
from kprov.model.errors import InputError
from kprov.model.facts import Facts
from kprov.model.resource import Resource

GUARDED = ("command", "wait")
"""Kinds whose condition earlier work on the host may alter."""


def with_inputs(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """Give every running unit the digests of what it must be restarted and reloaded for.

    The host records them when it starts or reloads the unit, so what was due is still due after an
    interruption.
    """
    by_id = unique(resources)
    return tuple(_with_inputs(resource, by_id) for resource in resources)


def unique(resources: Iterable[Resource]) -> dict[str, Resource]:
    """Resources by id; InputError when two roles own the same thing on one host."""
    by_id: dict[str, Resource] = {}
    for resource in resources:
        first = by_id.setdefault(resource.id, resource)
        if first is not resource:
            raise InputError(
                f"{resource.id} is declared twice on one host, also at {first.location}",
                where=resource.location, hint="keep one of them",
            )  # fmt: skip
    return by_id


def _with_inputs(resource: Resource, by_id: Mapping[str, Resource]) -> Resource:
    if resource.kind != "unit" or not (resource.expected or {}).get("running"):
        return resource
    digests = {"inputs": _digest(resource, "restarts", resource.restart_on, by_id)}
    if resource.reload_on:
        digests["reloaded"] = _digest(resource, "reloads", resource.reload_on, by_id)
    return replace(resource, expected={**(resource.expected or {}), **digests})


def _digest(unit: Resource, verb: str, names: Sequence[str], by_id: Mapping[str, Resource]) -> str:
    """What is expected of the named resources, in one digest."""
    for missing in (name for name in names if name not in by_id):
        raise InputError(
            f"{unit.id} {verb} on {missing}, which is not declared on this host",
            where=unit.location, hint="name a resource id or an `as:` of the same role",
        )  # fmt: skip
    inputs = {name: dict(by_id[name].expected or {}) for name in names}
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def changes_of(resources: Sequence[Resource], facts: Facts) -> tuple[Change, ...]:
    """The changes one host needs, in written order, restart reasons and `?` marks included."""
    changes: list[Change] = []
    changed: set[str] = set()
    touched_roles: set[str] = set()
    for resource in resources:
        change = diff(resource, facts)
        if resource.kind == "unit":
            change = _with_reasons(resource, change, changed, facts)
        elif change is None and _may_turn(resource, changed, touched_roles):
            change = Change(resource, Action.MAYBE, facts.observed[resource.id])
        if change is not None:
            changes.append(change)
            changed.add(resource.id)
            touched_roles.add(resource.role)
    return tuple(changes)


def _may_turn(resource: Resource, changed: set[str], touched_roles: set[str]) -> bool:
    """Whether earlier work of this plan may alter what holds now."""
    if resource.kind == "rollout":
        return f"manifest:{resource.name}" in changed
    return resource.kind in GUARDED and resource.role in touched_roles


def _with_reasons(
    resource: Resource, change: Change | None, changed: set[str], facts: Facts
) -> Change | None:
    """A running unit restarts because of what changes in this plan, or changed before unnoticed."""
    because = tuple(name for name in resource.restart_on if name in changed)
    reloads = tuple(name for name in resource.reload_on if name in changed)
    if change is not None:
        reloaded = not because and change.keys == ("reloaded",)
        return replace(change, because=reloads if reloaded else because)
    if because and (resource.expected or {}).get("running"):
        return Change(resource, Action.RESTART, facts.observed[resource.id], ("inputs",), because)
    if reloads and (resource.expected or {}).get("running"):
        return Change(resource, Action.UPDATE, facts.observed[resource.id], ("reloaded",), reloads)
    return None
