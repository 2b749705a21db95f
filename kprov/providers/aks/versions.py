"""Kubernetes versions on AKS: one minor at a time, the control plane first, never back.

Sources: AKS supported versions, upgrade FAQ; "you can only upgrade one minor version at a time"
holds for pools as well (Azure/AKS#1697).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kprov.model.version import Version

MOST_BEHIND = 2
"""Minors that a pool may be older than the control plane."""


def satisfied(wanted: str, current: str) -> bool:
    """Whether what runs is what was written: `1.36` is any patch, `1.36.2` that one or newer."""
    want, have = Version.parse(wanted), Version.parse(current)
    if (want.major, want.minor) != (have.major, have.minor):
        return False
    return has_patch(wanted) is False or have.patch >= want.patch


def has_patch(text: str) -> bool:
    """Whether a version names its patch."""
    return text.count(".") > 1


def is_older(one: str, other: str) -> bool:
    """Whether the first is of an older minor than the second."""
    return _minor(one) < _minor(other)


def behind(pool: str, control: str) -> int:
    """How many minors a pool is behind the control plane."""
    return Version.parse(control).minor - Version.parse(pool).minor


def hops(current: str, wanted: str) -> tuple[str, ...]:
    """Every version on the way, the last one as it was written; none when nothing is to be done."""
    if satisfied(wanted, current) or is_older(wanted, current):
        return ()
    have, want = Version.parse(current), Version.parse(wanted)
    between = tuple(f"{have.major}.{minor}" for minor in range(have.minor + 1, want.minor))
    return (*between, wanted)


def levels(ways: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """All versions of several ways, oldest first; of one minor `1.36` comes before `1.36.2`."""
    return tuple(sorted({hop for way in ways for hop in way}, key=_rank))


def offered_minors(listed: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Minor to its patches, newest first, from the answer of `list_kubernetes_versions`."""
    values = listed.get("values")
    found: dict[str, tuple[str, ...]] = {}
    for entry in values if isinstance(values, list) else []:
        patches = sorted(entry.get("patchVersions") or {}, key=_rank, reverse=True)
        if not entry.get("isPreview"):
            found[entry["version"]] = tuple(patches)
    return dict(sorted(found.items(), key=lambda pair: _rank(pair[0])))


def is_offered(wanted: str, offered: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a region has this version."""
    minor = Version.parse(wanted).minor_text
    return minor in offered and (not has_patch(wanted) or wanted in offered[minor])


def _minor(text: str) -> tuple[int, int]:
    version = Version.parse(text)
    return version.major, version.minor


def _rank(text: str) -> tuple[int, int, int]:
    version = Version.parse(text)
    return version.major, version.minor, version.patch if has_patch(text) else -1
