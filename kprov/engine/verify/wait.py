"""Waits for a condition of the API's objects by watching them: no polling, no sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from kprov.engine.verify.api import Api
from kprov.engine.verify.resources import ApiResource
from kprov.engine.verify.session import Session
from kprov.engine.verify.values import JsonObject

T = TypeVar("T")
Objects = Mapping[str, JsonObject]
Ready = Callable[[Objects], T | None]

# A watch is renewed with a fresh list this often, so that nothing is missed for long.
_WATCH_SECONDS = 4


class WaitTimeout(Exception):  # noqa: N818  every caller turns it into a verdict
    """The time is over; `objects` is what was there last, by name."""

    def __init__(self, objects: Objects) -> None:
        super().__init__("timed out")
        self.objects = objects


def wait_for(
    session: Session, resource: ApiResource, query: Mapping[str, str], ready: Ready[T]
) -> T:
    """Wait until `ready` finds what it looks for among objects of the throwaway namespace.

    `ready` is called with the objects by name whenever one has changed, and may raise to give up.
    Raises WaitTimeout at the check's deadline.
    """
    return wait_at(session.api, session.path(resource), query, ready, lambda: session.remaining)


def wait_at(
    api: Api,
    path: str,
    query: Mapping[str, str],
    ready: Ready[T],
    remaining: Callable[[], float],
) -> T:
    """The same for any collection; `remaining` says how many seconds are left."""
    while True:
        listing = api.get(path, query)
        objects = {item["metadata"]["name"]: item for item in listing.get("items") or []}
        found = ready(objects)
        if found is not None:
            return found
        left = remaining()
        if left < 1:
            raise WaitTimeout(objects)
        version = listing["metadata"]["resourceVersion"]
        events = api.watch(
            path, {**query, "resourceVersion": version}, min(_WATCH_SECONDS, int(left))
        )
        found = _follow(events, objects, ready, remaining)
        if found is not None:
            return found


def _follow(
    events: Iterable[JsonObject],
    objects: dict[str, JsonObject],
    ready: Ready[T],
    remaining: Callable[[], float],
) -> T | None:
    """Apply watch events to `objects` until `ready`, or until the watch ends or breaks."""
    for event in events:
        remaining()
        if event["type"] == "ERROR":  # 410 Gone: the caller lists again
            return None
        name = event["object"]["metadata"]["name"]
        if event["type"] == "DELETED":
            objects.pop(name, None)
        elif event["type"] in {"ADDED", "MODIFIED"}:
            objects[name] = event["object"]
        found = ready(objects)
        if found is not None:
            return found
    return None
