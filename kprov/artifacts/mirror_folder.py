"""A mirror folder on this computer: `file:///...`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from kprov.artifacts.catalogue import ARCHITECTURES, RELEASES, Architecture, mirror_paths
from kprov.artifacts.checksums import find_digest
from kprov.artifacts.problems import cannot_read
from kprov.model.version import Version


class FolderSource:
    """Looks each time: that is cheap, and the folder may have changed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def places(self, upstream_url: str) -> tuple[str, ...]:
        """Both forms."""
        root = self._root.absolute()
        return tuple((root / path).as_uri() for path in mirror_paths(upstream_url))

    def locate(self, upstream_url: str, *, ask: bool) -> str | None:
        """The form that is there."""
        path = self._find(upstream_url)
        if path is not None:
            return path.absolute().as_uri()
        return None if ask else self.places(upstream_url)[0]

    def exists(self, upstream_url: str) -> bool:
        """Whether one of the forms is there."""
        return self._find(upstream_url) is not None

    def published(self, checksum_url: str, file_name: str, *, ask: bool) -> str | None:
        """Read from the checksum file in the folder."""
        path = self._find(checksum_url)
        if path is None:
            return None
        try:
            return find_digest(path.read_text(errors="replace"), file_name)
        except OSError as error:
            raise cannot_read(path, error) from error

    def computed(self, upstream_url: str) -> str | None:
        """Hashed now: whoever may write this folder is trusted like the lock file."""
        path = self._find(upstream_url)
        return None if path is None else file_digest(path)

    def offered(self, arch: Architecture | None) -> Mapping[str, tuple[str, ...]]:
        """Read from the names of the folders that hold a release for this architecture."""
        architectures = (arch,) if arch else ARCHITECTURES
        found: dict[str, set[str]] = {}
        for release in RELEASES.values():
            tags = self._tags(release.url.partition("{tag}")[0])
            there = {
                tag for tag in tags
                if any(self.exists(release.url_of(tag, its)) for its in architectures)
            }  # fmt: skip
            found.setdefault(release.component, set()).update(there)
        return {name: tuple(sorted(tags, key=Version.parse)) for name, tags in found.items()}

    def _tags(self, upstream_prefix: str) -> Iterator[str]:
        for form in mirror_paths(upstream_prefix):
            parent = self._root / form
            for entry in parent.iterdir() if parent.is_dir() else ():
                if _is_tag(entry.name):
                    yield entry.name

    def _find(self, upstream_url: str) -> Path | None:
        for form in mirror_paths(upstream_url):
            path = self._root / form
            if path.is_file():
                return path
        return None


def file_digest(path: Path) -> str:
    """The sha256 of a file. Raises ArtifactError."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise cannot_read(path, error) from error


def _is_tag(text: str) -> bool:
    try:
        Version.parse(text)
    except ValueError:
        return False
    return text.startswith("v")
