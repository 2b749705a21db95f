"""The image archives of a run: on this computer, on a server, or in the bundle."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from kprov.artifacts.bundle_source import BundleSource
from kprov.artifacts.cache import Cache
from kprov.artifacts.image_archive import ImageArchive, read_image_archive
from kprov.artifacts.images import image_artifact
from kprov.artifacts.mirror_folder import file_digest
from kprov.model.errors import ArtifactError, InputError
from kprov.model.host import Host, Inventory
from kprov.model.images import ImageSpec


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An archive of `cluster.images`: where it lies here, its digest, what is in it."""

    name: str
    path: Path
    sha256: str
    content: ImageArchive

    def fits(self, arch: str) -> bool:
        """Whether a host of that architecture can run what is in it."""
        return not self.content.architectures or arch in self.content.architectures


class ImageFiles:
    """Every archive is opened once a run."""

    def __init__(self, inventory: Inventory, cache: Cache, bundle: BundleSource | None) -> None:
        self._inventory = inventory
        self._cache = cache
        self._bundle = bundle
        self._files: dict[str, ImageFile] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The archives of `cluster.images`."""
        images = self._inventory.cluster.images
        return tuple(its.archive for its in images if its.archive is not None)

    def file(self, archive: str) -> ImageFile:
        """An archive by its name in `cluster.images`. Raises InputError, ArtifactError."""
        if archive not in self._files:
            path, sha256 = self._found(self._spec(archive))
            self._files[archive] = ImageFile(archive, path, sha256, read_image_archive(path))
        return self._files[archive]

    def of_digest(self, sha256: str) -> ImageFile | None:
        """The archive with that digest, of those that were asked for."""
        return next((file for file in self._files.values() if file.sha256 == sha256), None)

    def for_host(self, archive: str, host: Host, arch: str) -> ImageFile | None:
        """An archive, None where another one brings the same images for the host's architecture.

        Raises InputError when there is no such other one.
        """
        file = self.file(archive)
        if file.fits(arch):
            return file
        others = [other for other in map(self.file, self.names) if other.fits(arch)]
        missing = set(file.content.tags) - {tag for its in others for tag in its.content.tags}
        if not missing:
            return None
        raise InputError(
            f"{host.name} is {arch}, but the image archive {archive} is for "
            f"{' and '.join(file.content.architectures)}: {', '.join(sorted(missing))}",
            where=host.location,
            hint=f"add an archive of the same images for {arch} to `cluster.images`: each host "
            "takes what is for it",
        )

    def _spec(self, archive: str) -> ImageSpec:
        images = self._inventory.cluster.images
        found = next((its for its in images if its.archive == archive), None)
        if found is None:
            known = ", ".join(self.names) or "none"
            raise InputError(
                f"{archive} is not in `cluster.images`", hint=f"archives there: {known}"
            )
        return found

    def _found(self, spec: ImageSpec) -> tuple[Path, str]:
        """Where it is on this computer, fetched first when it is on a server; and its digest."""
        if self._bundle is not None:
            return self._bundled(spec, self._bundle)
        archive = str(spec.archive)
        expanded = {"archive": str(Path(archive).expanduser())} if archive[:1] == "~" else {}
        artifact = image_artifact(spec.model_copy(update=expanded), Path(self._inventory.directory))
        parts = urllib.parse.urlsplit(artifact.url)
        if parts.scheme != "file":
            return self._cache.fetch(artifact), artifact.sha256
        path = Path(urllib.parse.unquote(parts.path))
        if spec.sha256 is not None:
            _verify(path, spec.sha256)
        return path, artifact.sha256

    def _bundled(self, spec: ImageSpec, bundle: BundleSource) -> tuple[Path, str]:
        found = bundle.index.find(str(spec.archive))
        if found is None:
            raise bundle.lacks(f"image archive {spec.archive}")
        path = self._cache.path(found.sha256)
        if spec.sha256 is not None:
            _verify(path, spec.sha256)
        return path, found.sha256


def _verify(path: Path, sha256: str) -> None:
    digest = file_digest(path)
    if digest != sha256:
        raise ArtifactError(
            f"this image archive has SHA-256 {digest}, expected {sha256}",
            where=str(path), hint="correct `sha256` in cluster.images, or get the right file",
        )  # fmt: skip
