"""Roles to resources: the one place where tasks, variables and facts meet.

Before the hosts were looked at, facts are `Pending`: then only ids (and what happens to be known)
come out, a superset of what will be wanted, which is what the probe asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kprov.lang.make import Made, make
from kprov.lang.role import Role, Task
from kprov.lang.schema import KINDS, did_you_mean
from kprov.lang.sources import Sources
from kprov.lang.template import FactsPendingError, Renderer
from kprov.model.errors import InputError, Location
from kprov.model.resource import Resource

IDENTITY = {"path", "name", "archive", "cert", "key"}
"""Parameters that ids are made of: facts may not be used in them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a host's roles see. `pending`: facts are not there yet."""

    values: Mapping[str, Any]
    host_vars: Mapping[str, Any]
    sources: Sources
    pending: bool
    shared_templates: Path


def expand(role: Role, scope: Scope) -> tuple[Resource, ...]:
    """All resources of a role on one host, in written order."""
    renderer = Renderer(role.folder, scope.shared_templates)
    values = {**role.defaults, **scope.host_vars, **scope.values}
    made = [item for task in role.tasks for item in _task(task, role, renderer, values, scope)]
    # A task that `when` or an empty loop left out has its name all the same: nothing to restart on.
    aliases: dict[str, list[str]] = {task.alias: [] for task in role.tasks if task.alias}
    for item in made:
        if item.alias:
            aliases[item.alias].extend(r.id for r in item.resources)
    return tuple(
        _with_restarts(resource, item, aliases) for item in made for resource in item.resources
    )


def _task(
    task: Task, role: Role, renderer: Renderer, values: Mapping[str, Any], scope: Scope
) -> Iterator[Made]:
    items = [None]
    if task.loop:
        items = list(renderer.expression(task.loop, values, task.location))
    for item in items:
        its = {**values, "item": item} if task.loop else values
        if _wanted(task, renderer, its, scope):
            params = _params(task, renderer, its, scope)
            try:
                made = make(task, params, renderer, its, scope)
            except FactsPendingError:
                raise _unseen(task) from None
            resources = tuple(
                replace(r, role=role.name, location=task.location) for r in made.resources
            )
            yield replace(made, resources=resources, alias=task.alias)


def _wanted(task: Task, renderer: Renderer, values: Mapping[str, Any], scope: Scope) -> bool:
    """A guard that needs facts which are not there yet counts as wanted."""
    if not task.when:
        return True
    try:
        return bool(renderer.expression(task.when, values, task.location))
    except FactsPendingError:
        if not scope.pending:
            raise _unseen(task) from None
        return True


def _params(
    task: Task, renderer: Renderer, values: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """Rendered parameters with defaults; those that need pending facts are left out (None)."""
    known = KINDS[task.kind]
    params: dict[str, Any] = dict(known.optional)
    for key, value in task.params.items():
        try:
            params[key] = renderer.text(value, values, task.location)
        except FactsPendingError:
            if not scope.pending:
                raise _unseen(task) from None
            if key in IDENTITY and key in known.required:
                raise InputError(
                    f"`{key}` of {task.kind} uses facts, but ids are made before hosts are seen",
                    where=task.location, hint="use facts in `when`, content or other parameters",
                ) from None  # fmt: skip
            params[key] = None
    return params


def _unseen(task: Task) -> InputError:
    """With --limit, another host's facts are not there even after the look."""
    return InputError(
        f"this {task.kind} needs the facts of a host that was not looked at",
        where=task.location,
        hint="leave --limit out, or give every host an address: `ip: ADDRESS`",
    )


def _with_restarts(resource: Resource, made: Made, aliases: Mapping[str, list[str]]) -> Resource:
    if resource.kind != "unit":
        return resource
    ids = list(resource.restart_on)
    for name in made.restart_on:
        ids += [name] if ":" in name else _alias(name, aliases, resource.location)
    return replace(resource, restart_on=tuple(dict.fromkeys(ids)))


def _alias(name: str, aliases: Mapping[str, list[str]], where: Location) -> list[str]:
    if name not in aliases:
        raise InputError(
            f"restart_on names `{name}`, which no task of this role has as `as:`",
            where=where, hint=did_you_mean(name, aliases),
        )  # fmt: skip
    return aliases[name]
