"""Errors about artefacts that several places raise, worded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kprov.model.errors import ArtifactError

_SETTINGS = {
    "kubernetes": "cluster.kubernetes",
    "cni-plugins": "cluster.versions.cni_plugins",
}


def setting_of(component: str) -> str:
    """The key of the cluster spec that chooses a component's version."""
    return _SETTINGS.get(component, f"cluster.versions.{component}")


def not_found(
    name: str, component: str, version: str, places: Sequence[str], offered: Sequence[str] = ()
) -> ArtifactError:
    """No such file, at any of the addresses or paths where it could be."""
    advice = f"does {component} {version} exist for this architecture? {setting_of(component)} "
    advice += "chooses the version"
    if offered:
        advice += f"; this mirror has {', '.join(offered)}"
    elif len(places) > 1:
        advice += "; a mirror has it under upstream's path, with or without upstream's host name"
    return ArtifactError(
        f"{name} {version} is not there (404): {' nor '.join(places)}",
        where=places[0],
        hint=advice,
    )


def no_checksum(name: str, url: str, checksum_url: str) -> ArtifactError:
    """A file that cannot be verified is not used."""
    return ArtifactError(
        f"{name} has no published checksum: {checksum_url} is not there, "
        "and kprov.lock does not pin it",
        where=url,
        hint="add upstream's checksum file to the mirror, or use a kprov.lock from a place that "
        "has it",
    )


def not_as_published(url: str, pinned: str, published: str, lock: str) -> ArtifactError:
    """Upstream (or the mirror) says one digest, the lock file another."""
    return ArtifactError(
        f"the checksum that is published is not the one that {lock} pins; nothing is installed\n"
        f"    pinned:    sha256 {pinned}\n"
        f"    published: sha256 {published}",
        where=url,
        hint="a release does not change: find out who changed it. If the new one is right, remove "
        f"its line from {lock}",
    )


def wrong_digest(url: str, expected: str, found: str) -> ArtifactError:
    """What arrived is not what was published or pinned."""
    return ArtifactError(
        "this file is not what its checksum says; it was removed, nothing is installed\n"
        f"    expected: sha256 {expected}\n"
        f"    found:    sha256 {found}",
        where=url,
        hint="a proxy or mirror has changed it, or kprov.lock pins another file: "
        "compare with upstream's checksum, and try again",
    )


def cannot_write(path: Path, error: OSError) -> ArtifactError:
    """The cache cannot be written."""
    return ArtifactError(
        f"cannot be written: {error.strerror or error}",
        where=str(path),
        hint="free some space, or set KPROV_CACHE to a folder that has it",
    )


def cannot_read(path: Path, error: OSError) -> ArtifactError:
    """A file of the cache or of a mirror folder cannot be read."""
    return ArtifactError(
        f"cannot be read: {error.strerror or error}",
        where=str(path),
        hint="it must be a file that the user who runs kprov may read",
    )
