"""Container image archives: which tags they bring (docker-archive and OCI layouts)."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

from kprov.model.errors import ArtifactError

_NAME = "io.containerd.image.name"
"""containerd's annotation of an OCI index entry: the full image name."""


def image_tags(path: Path) -> tuple[str, ...]:
    """The names under which `ctr images import` will know the images, sorted.

    Raises ArtifactError when the file is no image archive.
    """
    try:
        with tarfile.open(path) as archive:
            names = set(archive.getnames())
            if "manifest.json" in names:
                return _docker_tags(_json(archive, "manifest.json"))
            if "index.json" in names:
                return _oci_tags(_json(archive, "index.json"))
    except (OSError, tarfile.TarError, ValueError, KeyError) as error:
        raise _unusable(path, str(error)) from error
    raise _unusable(path, "it has neither manifest.json nor index.json")


def _json(archive: tarfile.TarFile, name: str) -> Any:
    member = archive.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is not a file")
    return json.load(member)


def _docker_tags(manifest: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(tag for image in manifest for tag in image.get("RepoTags") or ()))


def _oci_tags(index: dict[str, Any]) -> tuple[str, ...]:
    found = (entry.get("annotations", {}).get(_NAME) for entry in index["manifests"])
    return tuple(sorted(name for name in found if name))


def _unusable(path: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"this is no image archive: {why}", where=str(path),
        hint="`docker save IMAGE -o FILE` and `ctr images export FILE IMAGE` make one",
    )  # fmt: skip
