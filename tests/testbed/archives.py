"""Deterministic archives: equal content gives equal bytes, whenever and wherever packed."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MTIME = 1_700_000_000  # seconds since 1970, for every member


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of an archive: a folder, a file with its content, or a symbolic link."""

    name: str
    content: bytes | None = None
    mode: int = 0o755
    link: str | None = None

    def header(self) -> tarfile.TarInfo:
        """Return the tar header: owned by root, with the fixed time."""
        header = tarfile.TarInfo(self.name)
        header.mtime = MTIME
        header.mode = self.mode
        if self.link is not None:
            header.type, header.linkname, header.mode = tarfile.SYMTYPE, self.link, 0o777
        elif self.content is None:
            header.type = tarfile.DIRTYPE
        else:
            header.size = len(self.content)
        return header


def programs(files: Iterable[Path], folder: str) -> list[Entry]:
    """Return entries for executables, in `folder` of the archive (`bin`, or `.`)."""
    return [Entry(folder), *(Entry(f"{folder}/{file.name}", file.read_bytes()) for file in files)]


def tar(entries: Iterable[Entry]) -> bytes:
    """Return an uncompressed tar archive, members sorted by path."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry in sorted(entries, key=lambda entry: PurePosixPath(entry.name).parts):
            content = None if entry.content is None else io.BytesIO(entry.content)
            archive.addfile(entry.header(), content)
    return stream.getvalue()


def tar_gz(entries: Iterable[Entry]) -> bytes:
    """Return a gzip-compressed tar archive with no time and no name in the gzip header."""
    return gzip.compress(tar(entries), compresslevel=6, mtime=0)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content` as lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def sums(files: Iterable[tuple[str, bytes]]) -> str:
    """Return a checksum list as `sha256sum -c` reads it, sorted by name."""
    return "".join(f"{sha256(content)}  {name}\n" for name, content in sorted(files))
