"""Container image archives: what they bring, and for whom (docker-archive and OCI layouts)."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kprov.model.errors import ArtifactError

_NAME = "io.containerd.image.name"
"""containerd's annotation of an OCI index entry: the full image name."""
_LARGEST_DOCUMENT = 1 << 22
"""Manifests and configurations are JSON of some kilobytes; registries refuse more than 4 MiB."""


@dataclass(frozen=True, slots=True)
class ImageArchive:
    """The names under which `ctr images import` will know the images, and the architectures they
    were built for (amd64, arm64, ...), both sorted; no architectures: the archive does not say."""

    tags: tuple[str, ...]
    architectures: tuple[str, ...]


def read_image_archive(path: Path) -> ImageArchive:
    """What an archive says of itself. Raises ArtifactError when the file is no image archive."""
    try:
        documents = _documents(path)
        if "manifest.json" in documents:
            return _docker(documents)
        if "index.json" in documents:
            return _oci(documents)
    except (OSError, tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unusable(path, str(error)) from error
    raise _unusable(path, "it has neither manifest.json nor index.json")


def _documents(path: Path) -> dict[str, bytes]:
    """Every member that may be JSON, in one pass: going back in a compressed archive is slow."""
    found = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isreg() and member.size <= _LARGEST_DOCUMENT:
                stream = archive.extractfile(member)
                data = stream.read() if stream else b""
                if data[:1] in (b"{", b"["):
                    found[member.name.removeprefix("./")] = data
    return found


def _docker(documents: Mapping[str, bytes]) -> ImageArchive:
    images: list[dict[str, Any]] = json.loads(documents["manifest.json"])
    tags = {tag for image in images for tag in image.get("RepoTags") or ()}
    configurations = (json.loads(documents.get(image["Config"], b"{}")) for image in images)
    return _archive(tags, (its.get("architecture") for its in configurations))


def _oci(documents: Mapping[str, bytes]) -> ImageArchive:
    entries: list[dict[str, Any]] = json.loads(documents["index.json"])["manifests"]
    tags = {(entry.get("annotations") or {}).get(_NAME) for entry in entries}
    return _archive(tags, (its for entry in entries for its in _oci_built_for(entry, documents)))


def _oci_built_for(entry: Mapping[str, Any], documents: Mapping[str, bytes]) -> Iterator[str]:
    """Architectures below an entry of an index; what is not in the archive does not count."""
    data = documents.get(f"blobs/{entry['digest'].replace(':', '/')}")
    document = json.loads(data) if data else {}
    for inner in document.get("manifests") or ():
        yield from _oci_built_for(inner, documents)
    if "config" in document:
        config = documents.get(f"blobs/{document['config']['digest'].replace(':', '/')}")
        yield json.loads(config).get("architecture", "") if config else ""


def _archive(tags: Iterable[str | None], architectures: Iterable[str | None]) -> ImageArchive:
    """Attestations that builders add are of the architecture `unknown`."""
    known = {its for its in architectures if its and its != "unknown"}
    return ImageArchive(tuple(sorted(tag for tag in tags if tag)), tuple(sorted(known)))


def _unusable(path: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"this is no image archive: {why}", where=str(path),
        hint="`docker save IMAGE -o FILE` and `ctr images export FILE IMAGE` make one",
    )  # fmt: skip
