"""Where artefacts come from: upstream, a mirror over HTTP, a mirror folder, or a bundle.

A mirror has upstream's layout below its base: `MIRROR/release/...` or with upstream's host name,
`MIRROR/dl.k8s.io/release/...`. Both forms are accepted.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from kprov.artifacts.catalogue import Architecture
from kprov.artifacts.http import HttpClient
from kprov.artifacts.memory import Memory
from kprov.artifacts.mirror_folder import FolderSource
from kprov.artifacts.server import ServerSource
from kprov.model.errors import InputError


class Source(Protocol):
    """One of the four. All methods take upstream's addresses and raise ArtifactError.

    `ask` false: no request goes out, what is known already must do.
    """

    def places(self, upstream_url: str) -> tuple[str, ...]:
        """The addresses where the file could be, the likeliest first."""

    def locate(self, upstream_url: str, *, ask: bool) -> str | None:
        """The address where it is, None when it is nowhere; the likeliest when not to `ask`."""

    def exists(self, upstream_url: str) -> bool:
        """Whether the file is there."""

    def published(self, checksum_url: str, file_name: str, *, ask: bool) -> str | None:
        """The sha256 that is published for a file, None when none is, or when not to `ask`."""

    def computed(self, upstream_url: str) -> str | None:
        """The sha256 of the file itself, where that counts as trustworthy: a local folder."""

    def offered(self, arch: Architecture | None) -> Mapping[str, tuple[str, ...]]:
        """Component to the versions that are there, oldest first; empty where nobody can know.

        None: for any architecture.
        """


def open_source(mirror: str | None, http: HttpClient, memory: Memory) -> Source:
    """The source for `cluster.artifacts.mirror`. Raises InputError for what is no such address."""
    if mirror is None:
        return ServerSource(None, http, memory)
    parts = urllib.parse.urlsplit(mirror)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return FolderSource(_folder(Path(urllib.parse.unquote(parts.path)), mirror))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _bad_mirror(mirror, "is not an address of a mirror")
    if parts.username is not None:
        raise _bad_mirror(
            f"{parts.scheme}://***@{parts.hostname}",
            "has a password in it, which would be shown in plans and on hosts",
        )
    return ServerSource(mirror.rstrip("/"), http, memory)


def _folder(path: Path, mirror: str) -> Path:
    if not path.is_dir():
        raise _bad_mirror(mirror, "is not a folder on this computer")
    return path


def _bad_mirror(mirror: str, what: str) -> InputError:
    return InputError(
        f"{mirror} {what}",
        where="cluster.artifacts.mirror",
        hint="give https://..., http://... or file:///an/absolute/path",
    )
