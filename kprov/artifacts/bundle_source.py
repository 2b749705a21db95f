"""A bundle as the source of artefacts: its files in the cache, and no questions to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kprov.artifacts.bundle import BundleFile, BundleIndex, read_bundle, read_index
from kprov.artifacts.cache import Cache, digest_of
from kprov.artifacts.catalogue import ARCHITECTURES, RELEASES, Architecture, mirror_paths
from kprov.model.errors import InputError
from kprov.model.version import Version


@dataclass(frozen=True, slots=True)
class BundleSource:
    """A bundle whose every file was verified; what it does not have is not to be had."""

    path: Path
    index: BundleIndex

    def places(self, upstream_url: str) -> tuple[str, ...]:
        """Its path in the bundle."""
        return (f"{self.path}/{mirror_paths(upstream_url)[1]}",)

    def locate(self, upstream_url: str, *, ask: bool) -> str:
        """Upstream's address: by its digest it is in the cache already.

        Raises InputError for what the bundle does not have.
        """
        del ask
        if not self.exists(upstream_url):
            raise self.lacks(mirror_paths(upstream_url)[1])
        return upstream_url

    def exists(self, upstream_url: str) -> bool:
        """Whether it is in the index."""
        return self.index.find(upstream_url) is not None

    def published(self, checksum_url: str, file_name: str, *, ask: bool) -> str | None:
        """The digest in the index. Raises InputError for what the bundle does not have."""
        del ask
        url = f"{checksum_url.rpartition('/')[0]}/{file_name}"
        found = self.index.find(url)
        if found is None:
            raise self.lacks(mirror_paths(url)[1])
        return found.sha256

    def computed(self, upstream_url: str) -> str | None:
        """The digest in the index."""
        found = self.index.find(upstream_url)
        return found.sha256 if found else None

    def offered(self, arch: Architecture | None) -> Mapping[str, tuple[str, ...]]:
        """Read from the addresses in the index."""
        architectures = (arch,) if arch else ARCHITECTURES
        found: dict[str, set[str]] = {}
        for release in RELEASES.values():
            before, _, after = release.url.partition("{tag}")
            tags = found.setdefault(release.component, set())
            for file in self.index.files:
                tag = file.origin.removeprefix(before).partition(after[:1])[0]
                if any(file.origin == release.url_of(tag, its) for its in architectures if tag):
                    tags.add(tag)
        return {name: tuple(sorted(tags, key=Version.parse)) for name, tags in found.items()}

    def lacks(self, what: str) -> InputError:
        """The error that something is not in the bundle."""
        return InputError(
            f"this bundle has no {what}", where=str(self.path),
            hint=f"it was made for Kubernetes {self.index.kubernetes} on "
            f"{' and '.join(self.index.architectures)}; make one of this inventory: "
            "kprov bundle create INVENTORY -o FILE, with --arch for each architecture",
        )  # fmt: skip


def open_bundle(path: Path, cache: Cache) -> BundleSource:
    """A bundle, verified, its files in the cache. Raises InputError, ArtifactError.

    A file that has not been touched since it was verified is not read again; what is used is the
    copy in the cache, whatever becomes of the bundle.
    """
    index = read_index(path)
    key, stamp = f"bundle {path.absolute()}", _stamp(path)
    kept = all(cache.size(file.sha256) == file.size for file in index.files if file.origin)
    if not kept or cache.memory.get(key) != stamp:

        def take(file: BundleFile, stream: IO[bytes]) -> str:
            return cache.take(file.sha256, stream) if file.origin else digest_of(stream)

        read_bundle(path, take)
        cache.memory.put(key, stamp)
    return BundleSource(path, index)


def _stamp(path: Path) -> str:
    """Changes with every write to the file (stat(2): nobody can set a change time)."""
    found = path.stat()
    return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
