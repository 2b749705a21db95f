"""From names that roles use to files at addresses, pinned by sha256."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kprov.artifacts.catalogue import (
    Architecture,
    Artifact,
    Release,
    file_name,
    release,
    version_of,
)
from kprov.artifacts.lock import LockFile
from kprov.artifacts.problems import no_checksum, not_as_published, not_found
from kprov.artifacts.source import Source
from kprov.artifacts.versions import Versions

LOCK_NAME = "kprov.lock"


@dataclass(frozen=True, slots=True, order=True)
class Want:
    """An artefact by the name that roles use: `kubelet`, or `etcd` with the member `etcdctl`.

    `optional`: left out when the source does not have it.
    """

    name: str
    member: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was wanted, in that order, and the lock file with all of it."""

    artifacts: tuple[Artifact, ...]
    lock: LockFile


def resolve(
    wanted: Iterable[Want],
    *,
    versions: Versions,
    arch: Architecture,
    lock: LockFile,
    source: Source,
    cached_size: Callable[[str], int | None],
) -> Resolution:
    """Find each artefact's address and digest; the caller writes the lock file.

    What the lock file pins is not asked for again; what it does not pin must have a published
    checksum (or lie in a mirror folder, where it is computed). `cached_size` is Cache.size: for
    what it knows, nothing is asked at all. Raises ArtifactError: not there, no checksum, pinned
    otherwise than published, server unreachable.
    """
    artifacts = []
    for want in wanted:
        search = _Search(want, versions, arch, source)
        digest = search.digest(lock)
        artifact = None if digest is None else search.artifact(digest, cached_size(digest))
        if artifact is not None:
            artifacts.append(artifact)
            lock = lock.pin(artifact.upstream_url, artifact.sha256)
    return Resolution(tuple(artifacts), lock)


class _Search:
    """One artefact on its way."""

    def __init__(self, want: Want, versions: Versions, arch: Architecture, source: Source) -> None:
        self.want = want
        self.release: Release = release(want.name)
        self.version = version_of(want.name, versions)
        self.arch = arch
        self.source = source
        self.upstream_url = self.release.url_of(self.version, arch)
        self.checksum_url = self.release.checksum_url_of(self.version, arch)

    def digest(self, lock: LockFile) -> str | None:
        """The sha256 to hold the file to; None: optional, and not there."""
        pinned = lock.get(self.upstream_url)
        name = file_name(self.upstream_url)
        published = self.source.published(self.checksum_url, name, ask=pinned is None)
        if pinned is not None and published is not None and pinned != published:
            raise not_as_published(self.upstream_url, pinned, published, LOCK_NAME)
        return pinned or published or self._unpublished()

    def artifact(self, digest: str, size: int | None) -> Artifact | None:
        """The value, with the address where the file is; None: optional, and not there."""
        url = self.source.locate(self.upstream_url, ask=size is None)
        if url is None:
            self._require_optional()
            return None
        return Artifact(
            name=self.want.name,
            component=self.release.component,
            version=self.version,
            arch=self.arch,
            url=url,
            upstream_url=self.upstream_url,
            sha256=digest,
            member=self.release.member_of(self.version, self.arch, self.want.member or None),
            size=size,
        )

    def _unpublished(self) -> str | None:
        computed = self.source.computed(self.upstream_url)
        if computed is not None:
            return computed
        if self.source.exists(self.upstream_url):
            place = self.source.places(self.upstream_url)[0]
            raise no_checksum(self.want.name, place, self.source.places(self.checksum_url)[0])
        self._require_optional()
        return None

    def _require_optional(self) -> None:
        if self.want.optional:
            return
        raise not_found(
            self.want.name,
            self.release.component,
            self.version,
            self.source.places(self.upstream_url),
            self.source.offered(self.arch).get(self.release.component, ()),
        )
