"""Image archives that the cluster spec names: they travel like any other artefact."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

from kprov.artifacts.catalogue import Artifact, file_name
from kprov.artifacts.mirror_folder import file_digest
from kprov.model.errors import InputError
from kprov.model.images import ImageSpec


def image_artifact(image: ImageSpec, inventory_folder: Path) -> Artifact:
    """An archive on this computer, or at an http(s) address; the latter must name its sha256.

    Raises InputError for an archive that is not there, or not pinned.
    """
    archive = image.archive or ""
    scheme = urllib.parse.urlsplit(archive).scheme
    if scheme in ("http", "https"):
        if image.sha256 is None:
            raise InputError(
                f"{archive} has no sha256: what a server sends must be verified",
                where="cluster.images",
                hint="add `sha256: ...`, the output of sha256sum for that file",
            )
        return _artifact(archive, image.sha256)
    text = urllib.parse.unquote(urllib.parse.urlsplit(archive).path)
    path = (inventory_folder / (text if scheme == "file" else archive)).absolute()
    if not path.is_file():
        raise InputError(
            f"there is no image archive {path}",
            where="cluster.images",
            hint="give its path relative to the inventory; `docker save -o FILE IMAGE` makes one",
        )
    return _artifact(path.as_uri(), image.sha256 or file_digest(path))


def _artifact(url: str, sha256: str) -> Artifact:
    return Artifact(
        name=file_name(url),
        component="image",
        version="",
        arch=None,
        url=url,
        upstream_url=url,
        sha256=sha256,
    )
