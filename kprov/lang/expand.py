"""Roles to resources: the one place where tasks, variables and facts meet.

Before the hosts were looked at, facts are `Pending`: then only ids (and what happens to be known)
come out, a superset of what will be wanted, which is what the probe asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kprov.lang.make import Made, make
from kprov.lang.pending import FactsPendingError, Pending
from kprov.lang.role import Role, Task
from kprov.lang.schema import KINDS, did_you_mean
from kprov.lang.scope import Scope
from kprov.lang.template import Renderer
from kprov.lang.typed import rendered
from kprov.model.errors import InputError
from kprov.model.resource import Resource


def expand(role: Role, scope: Scope) -> tuple[Resource, ...]:
    """All resources of a role on one host, in written order. Raises InputError with a place."""
    renderer = scope.renderers.of(role.folder)
    values = _values(role, renderer, scope)
    made = [item for task in role.tasks for item in _task(task, role, renderer, values, scope)]
    # A task that `when` or an empty loop left out has its name all the same: nothing to restart on.
    aliases: dict[str, list[str]] = {task.alias: [] for task in role.tasks if task.alias}
    for item in made:
        if item.alias:
            aliases[item.alias].extend(r.id for r in item.resources)
    return tuple(
        _with_restarts(resource, item, aliases) for item in made for resource in item.resources
    )


def _values(role: Role, renderer: Renderer, scope: Scope) -> dict[str, Any]:
    """The variables of a role. Defaults may be templates of what is above them; host variables
    win over them, and kprov's own words over both."""
    values = {**scope.host_vars, **scope.values}
    for name, default in role.defaults.items():
        if name in values:
            continue
        try:
            values[name] = renderer.text(default.value, values, default.location)
        except FactsPendingError as error:
            values[name] = Pending(error.what)
    return values


def _task(
    task: Task, role: Role, renderer: Renderer, values: Mapping[str, Any], scope: Scope
) -> Iterator[Made]:
    for item in _items(task, renderer, values):
        its = values if task.loop is None else {**values, "item": item}
        try:
            if _wanted(task, renderer, its, scope):
                yield _made(task, role, renderer, its, scope)
        except FactsPendingError as error:
            raise InputError(
                f"this needs {error.what}, which nobody has looked at", where=task.location,
                hint="leave --limit out, or give every host its `ip: ADDRESS` in the inventory",
            ) from error  # fmt: skip
        except InputError as error:
            if error.problem.where:
                raise
            raise InputError(
                error.problem.what, where=task.location, hint=error.problem.hint
            ) from error


def _made(
    task: Task, role: Role, renderer: Renderer, values: Mapping[str, Any], scope: Scope
) -> Made:
    made = make(task, _params(task, renderer, values, scope), renderer, values, scope)
    resources = tuple(replace(r, role=role.name, location=task.location) for r in made.resources)
    return replace(made, resources=resources, alias=task.alias)


def _items(task: Task, renderer: Renderer, values: Mapping[str, Any]) -> Sequence[Any]:
    """What a task is repeated for; one None without a loop."""
    if task.loop is None:
        return (None,)
    try:
        if isinstance(task.loop, str):
            found = renderer.expression(task.loop, values, task.location)
        else:
            found = renderer.text(task.loop, values, task.location)
    except FactsPendingError as error:
        raise InputError(
            f"`loop` uses {error.what}, but ids are made before hosts are seen",
            where=task.location, hint="loop over what the inventory knows, use facts in `when`",
        ) from error  # fmt: skip
    if isinstance(found, (str, Mapping)) or not hasattr(found, "__iter__"):
        raise InputError(
            f"`loop` takes a list, found {found!r}", where=task.location,
            hint="of a mapping: NAME.items() | list",
        )  # fmt: skip
    return list(found)


def _wanted(task: Task, renderer: Renderer, values: Mapping[str, Any], scope: Scope) -> bool:
    """A guard that needs facts which are not there yet counts as wanted."""
    if not task.when:
        return True
    try:
        return bool(renderer.expression(task.when, values, task.location))
    except FactsPendingError:
        if scope.pending:
            return True
        raise


def _params(
    task: Task, renderer: Renderer, values: Mapping[str, Any], scope: Scope
) -> dict[str, Any]:
    """Rendered parameters with defaults; those that need pending facts are left out (None)."""
    known = KINDS[task.kind]
    params: dict[str, Any] = dict(known.optional)
    for key, value in task.params.items():
        try:
            text = renderer.text(value, values, task.location)
            params[key] = rendered(task.kind, key, text, task.location)
        except FactsPendingError as error:
            if key in known.seen_early:
                raise InputError(
                    f"`{key}` of {task.kind} uses {error.what}, but the look at the hosts, which "
                    "finds that out, has to know it before",
                    where=task.location, hint="use facts in `when`, content or other parameters",
                ) from None  # fmt: skip
            if not scope.pending:
                raise
            params[key] = None
    return params


def _with_restarts(resource: Resource, made: Made, aliases: Mapping[str, list[str]]) -> Resource:
    if resource.kind != "unit":
        return resource

    def ids(keyword: str, names: Sequence[str]) -> Iterator[str]:
        for name in names:
            if ":" in name:
                yield name
            elif name in aliases:
                yield from aliases[name]
            else:
                raise InputError(
                    f"{keyword} names `{name}`, which no task of this role has as `as:`",
                    where=resource.location, hint=did_you_mean(name, aliases),
                )  # fmt: skip

    restart = (*resource.restart_on, *ids("restart_on", made.restart_on))
    return replace(
        resource,
        restart_on=tuple(dict.fromkeys(restart)),
        reload_on=tuple(dict.fromkeys(ids("reload_on", made.reload_on))),
    )
