"""The one diff that serves all kinds: expected against observed."""

from __future__ import annotations

from kprov.model.change import Action, Change
from kprov.model.facts import Facts
from kprov.model.resource import Resource


def diff(resource: Resource, facts: Facts) -> Change | None:
    """The change that makes `resource` so, None when it is. KeyError for an id not looked at."""
    observed = facts.observed[resource.id]
    content = facts.contents.get(resource.name) if resource.kind == "file" else None
    if resource.expected is None:
        if observed is None:
            return None
        return Change(resource, Action.REMOVE, observed, before_content=content)
    if observed is None:
        return Change(resource, Action.CREATE)
    keys = tuple(k for k, value in resource.expected.items() if observed.get(k) != value)
    if not keys:
        return None
    action = Action.RESTART if keys == ("inputs",) else Action.UPDATE
    return Change(resource, action, observed, keys, before_content=content)
