"""Manifests that the cluster spec names by address: pinned like any other artefact."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass

from kprov.artifacts.cache import Cache
from kprov.artifacts.catalogue import Artifact, file_name
from kprov.artifacts.lock import LockFile
from kprov.artifacts.resolve import LOCK_NAME
from kprov.artifacts.source import Source
from kprov.model.errors import ArtifactError


@dataclass(frozen=True, slots=True)
class PinnedManifest:
    """The artefact, and the lock file that pins it."""

    artifact: Artifact
    lock: LockFile


def is_address(manifest: str) -> bool:
    """Whether a manifest is named by address."""
    return urllib.parse.urlsplit(manifest).scheme in ("http", "https")


def pinned_manifest(
    url: str, sha256: str | None, *, lock: LockFile, source: Source, cache: Cache
) -> PinnedManifest:
    """A manifest at its address (or in the mirror), held to `sha256` or to what the lock pins.

    Where neither says anything, what is there now is taken and pinned. Raises ArtifactError.
    """
    pinned = lock.get(url)
    if sha256 and pinned and sha256 != pinned:
        raise ArtifactError(
            f"{LOCK_NAME} pins {url} to SHA-256 {pinned}, the inventory says {sha256}",
            hint=f"remove its line from {LOCK_NAME} if the change is meant",
        )
    digest = sha256 or pinned
    here = digest is not None and cache.size(digest) is not None
    place = source.locate(url, ask=not here)
    if place is None:
        raise _not_there(url, source)
    if not here:
        found = source.computed(url)
        if digest and found and digest != found:
            raise _another(source.places(url)[0], digest, found)
        digest = digest or found or cache.adopt(place)
    if digest is None:
        raise _not_there(url, source)
    artifact = Artifact(
        name=file_name(url), component="manifest", version="", arch=None, url=place,
        upstream_url=url, sha256=digest,
    )  # fmt: skip
    return PinnedManifest(artifact, lock.pin(url, digest))


def _not_there(url: str, source: Source) -> ArtifactError:
    return ArtifactError(
        f"there is no manifest {url}", where=", ".join(source.places(url)),
        hint="is the address right, and is it in the mirror?",
    )  # fmt: skip


def _another(place: str, expected: str, found: str) -> ArtifactError:
    return ArtifactError(
        "this manifest is not the one that is pinned\n"
        f"    expected: sha256 {expected}\n"
        f"    found:    sha256 {found}",
        where=place,
        hint=f"get the right file, or change what pins the other one: `sha256` of the add-on, or "
        f"its line in {LOCK_NAME}",
    )
