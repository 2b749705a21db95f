"""Memory, processors and room on disks, by what a host is for."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place

CONTROL_PLANE_MEMORY_MB = 1500
NODE_MEMORY_MB = 700
NEEDED_DISK_MB = 2500
LEAST_DISK_MB = 200
"""With less nothing can be written safely, not even by an apply that only repairs."""


def memory(place: Place) -> Iterator[Finding]:
    """Enough for the components of its role."""
    least = CONTROL_PLANE_MEMORY_MB if place.host.is_control_plane else NODE_MEMORY_MB
    there = place.facts.number("memory_mb")
    if 0 < there < least:
        yield place.error(f"{there} MB of memory, expected at least {least}", "give it more memory")


def processors(place: Place) -> Iterator[Finding]:
    """A control plane wants two."""
    cpus = place.facts.number("cpus")
    if place.host.is_control_plane and cpus < 2:
        yield place.warning(f"{cpus} CPU, a control plane wants 2")


def disks(place: Place) -> Iterator[Finding]:
    """Room for a first apply; later on, room for anything at all."""
    for name, path in (("disk_var_free_mb", "/var/lib"), ("disk_opt_free_mb", "/opt")):
        free = place.facts.number(name)
        if not place.facts.flag("owned") and free < NEEDED_DISK_MB:
            yield place.error(
                f"{free} MB free in {path}, expected at least {NEEDED_DISK_MB}", "make room"
            )
        elif free < LEAST_DISK_MB:
            yield place.error(
                f"{free} MB free in {path}: nothing can be written safely", "make room"
            )
