"""What an apply would fetch, gathered in a bundle: the same roles, the same resolver."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from kprov.artifacts.bundle import BundleFile, BundleIndex, sorted_files, write_bundle
from kprov.artifacts.catalogue import Architecture, Artifact, mirror_paths, release
from kprov.artifacts.lock import LockFile
from kprov.artifacts.resolve import LOCK_NAME
from kprov.engine.desired import desired
from kprov.engine.host_material import HostMaterial
from kprov.engine.image_files import ImageFile
from kprov.engine.session import Session
from kprov.lang.sources import Binary, Image
from kprov.model.errors import InputError

FETCHED_AT_ONCE = 4
Tell = Callable[[str], None]


@dataclass(slots=True)
class _Wanted:
    """Artefacts and image archives that roles ask for, each once, in the order of asking."""

    artifacts: dict[str, None] = field(default_factory=dict)
    archives: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    """Images that nodes pull by name."""


@dataclass(frozen=True, slots=True)
class _Listening(HostMaterial):
    """Material that remembers what roles ask it for."""

    wanted: _Wanted

    def place(self, component: str, member: str) -> Binary:
        """An artefact, whatever the architecture."""
        self.wanted.artifacts.setdefault(component)
        return HostMaterial.place(self, component, member)

    def image(self, archive: str) -> Image | None:
        """An image archive."""
        self.wanted.archives.setdefault(archive)
        return HostMaterial.image(self, archive)


def create(
    session: Session, architectures: Sequence[Architecture], path: Path, tell: Tell
) -> BundleIndex:
    """Fetch what is not in the cache yet, and write the bundle.

    What roles may want is known before hosts are seen, so none is looked at. Raises InputError,
    ArtifactError.
    """
    wanted = _wanted(session)
    artifacts = [
        session.material.artifact(name, arch) for arch in architectures for name in wanted.artifacts
    ]
    images = [session.material.images.file(name) for name in wanted.archives]
    _require_fit(images, architectures)
    _tell_of_names(wanted.names, images, tell)
    manifests = list(session.material.manifests.values())
    sources = _fetched(session, [*artifacts, *manifests], tell)
    made = _made(artifacts, manifests)
    files = [_of_artifact(artifact, sources) for artifact in (*artifacts, *manifests)]
    files += [_of_image(image) for image in images]
    files += [_of_text(name, text) for name, text in made.items()]
    sources |= {image.name: image.path for image in images}
    kubernetes = session.inventory.cluster.kubernetes
    index = BundleIndex(kubernetes, tuple(architectures), sorted_files(files))

    def content(file: BundleFile) -> IO[bytes]:
        return sources[file.origin].open("rb") if file.origin else io.BytesIO(made[file.path])

    tell(f"writing {path}")
    write_bundle(path, index, content)
    return index


def _wanted(session: Session) -> _Wanted:
    wanted = _Wanted()
    product = replace(
        session.product,
        sources=lambda host, world: _Listening(session.material, host, world, wanted),
    )
    for host in session.inventory.members:
        for resources in desired(product, session.world, host).values():
            for pull in (its for its in resources if its.kind == "pull"):
                wanted.names |= dict.fromkeys(pull.params["images"])
    return wanted


def _require_fit(images: Sequence[ImageFile], architectures: Sequence[Architecture]) -> None:
    """Every image for every architecture, so that an apply can use the bundle."""
    for arch in architectures:
        there = {tag for image in images if image.fits(arch) for tag in image.content.tags}
        for image in images:
            missing = set(image.content.tags) - there
            if missing:
                raise InputError(
                    f"the image archive {image.name} is for "
                    f"{' and '.join(image.content.architectures)}, and none brings "
                    f"{', '.join(sorted(missing))} for {arch}",
                    where="cluster.images",
                    hint=f"add an archive for {arch}, or leave --arch {arch} out",
                )


def _tell_of_names(names: Iterable[str], images: Sequence[ImageFile], tell: Tell) -> None:
    """What no archive brings is not in the bundle: only said, for nodes may have mirrors."""
    there = {tag for image in images for tag in image.content.tags}
    for name in names:
        if name not in there:
            tell(
                f"not in the bundle, nodes pull it from a registry: {name}\n"
                "    `docker save` and a line in `cluster.images` put it in"
            )


def _fetched(session: Session, artifacts: Iterable[Artifact], tell: Tell) -> dict[str, Path]:
    """Upstream address to file, everything fetched."""
    by_url = {artifact.upstream_url: artifact for artifact in artifacts}
    with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
        paths = pool.map(lambda artifact: session.material.fetch(artifact, tell), by_url.values())
        return dict(zip(by_url, paths, strict=True))


def _made(artifacts: Sequence[Artifact], manifests: Sequence[Artifact]) -> dict[str, bytes]:
    """Path to content of what is written for the bundle: checksum files and the lock file."""
    lines: dict[str, list[str]] = {}
    lock = LockFile()
    for manifest in manifests:
        lock = lock.pin(manifest.upstream_url, manifest.sha256)
    for artifact in sorted(artifacts, key=lambda its: its.upstream_url):
        lock = lock.pin(artifact.upstream_url, artifact.sha256)
        place, line = _checksum(artifact)
        kept = lines.setdefault(place, [])
        if line not in kept:
            kept.append(line)
    texts = {place: "".join(its) for place, its in lines.items()} | {LOCK_NAME: lock.dump()}
    return {place: text.encode() for place, text in texts.items()}


def _checksum(artifact: Artifact) -> tuple[str, str]:
    """Where a mirror has an artefact's checksum, and its line there, in upstream's own form."""
    assert artifact.arch is not None, "artefacts of the catalogue are for one architecture"
    its = release(artifact.name)
    place = mirror_paths(its.checksum_url_of(artifact.version, artifact.arch))[1]
    if its.bare_checksum:
        return place, artifact.sha256
    return place, f"{artifact.sha256}  {artifact.upstream_url.rpartition('/')[2]}\n"


def _of_artifact(artifact: Artifact, sources: Mapping[str, Path]) -> BundleFile:
    size = sources[artifact.upstream_url].stat().st_size
    path = mirror_paths(artifact.upstream_url)[1]
    return BundleFile(path, artifact.sha256, size, artifact.upstream_url)


def _of_image(image: ImageFile) -> BundleFile:
    path = f"images/{image.sha256}/{image.name.rpartition('/')[2]}"
    return BundleFile(path, image.sha256, image.path.stat().st_size, image.name)


def _of_text(path: str, text: bytes) -> BundleFile:
    return BundleFile(path, hashlib.sha256(text).hexdigest(), len(text))
