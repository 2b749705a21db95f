"""Delivery: artefacts that hosts need and do not have, streamed before the payloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kprov.engine.connections import Connections
from kprov.model.facts import Facts
from kprov.model.plan import Plan
from kprov.sh.archive import DELIVER, TarEntry, stitched


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file that travels: the digest and size of its bytes; `compressed`: `path` is their gzip."""

    sha256: str
    size: int
    path: Path
    compressed: bool


Tell = Callable[[str], None]
"""Takes words about a longer piece of work, and an empty text again and again while it lasts; what
it raises ends the work."""
Pack = Callable[[str, Tell], Parcel]
"""Digest of the bytes to the parcel; may download first."""


def wanted(plan: Plan, host: str) -> tuple[str, ...]:
    """Digests that must be on the host for its part of the plan, in the order of their use."""
    digests: list[str] = []
    for step in plan.steps:
        for change in step.changes if step.host == host else ():
            params = change.resource.params
            if change.resource.kind == "image":
                digests.append(params["source"])
            elif (
                change.resource.kind == "artifact"
                and params["how"] == "push"
                and change.keys != ("link",)
            ):
                digests.append(str((change.resource.expected or {})["source"]))
    return tuple(dict.fromkeys(digests))


def missing(parcels: Iterable[Parcel], facts: Facts) -> tuple[Parcel, ...]:
    """Parcels that did not arrive whole already (an apply that was cut off, say)."""
    arrived = set(facts.get("incoming").split())
    return tuple(parcel for parcel in parcels if f"{parcel.sha256}={parcel.size}" not in arrived)


def deliver(host: str, parcels: Iterable[Parcel], connections: Connections) -> None:
    """One channel for all parcels of a host; each is verified when it is installed."""
    todo = [
        TarEntry(parcel.sha256, parcel.size, parcel.path, parcel.compressed) for parcel in parcels
    ]
    if todo:
        for _ in connections.to(host).stream(stitched(todo), boot=DELIVER):
            pass
