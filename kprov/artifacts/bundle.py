"""A bundle: a mirror in one tar file, with an index that says what is in it.

The first member is the index, `bundle.json`; the others lie as in a mirror folder, below upstream's
host names, with their published checksum files. Image archives are in `images/SHA256/`. The same
files make the same bytes: names sorted, no times, no owners.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from kprov.artifacts.problems import cannot_read
from kprov.model.errors import ArtifactError, InputError

FORMAT = "kprov-bundle/1"
INDEX = "bundle.json"
_CHUNK = 1 << 20
_INDEX_LIMIT = 1 << 24


@dataclass(frozen=True, slots=True, order=True)
class BundleFile:
    """One file: its path in the bundle, sha256, size in bytes.

    `origin` is the upstream address of an artefact, or how `cluster.images` names an archive;
    empty for what was made for the bundle: checksum files, the lock file.
    """

    path: str
    sha256: str
    size: int
    origin: str = ""


@dataclass(frozen=True, slots=True)
class BundleIndex:
    """What a bundle says of itself; `files` in the order in which they follow."""

    kubernetes: str
    architectures: tuple[str, ...]
    files: tuple[BundleFile, ...]

    def find(self, origin: str) -> BundleFile | None:
        """The file that came from there."""
        return next((file for file in self.files if file.origin == origin), None)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def dump(self) -> bytes:
        """The text of the index: the same for the same content."""
        data = {
            "format": FORMAT,
            "kubernetes": self.kubernetes,
            "architectures": list(self.architectures),
            "files": [asdict(file) for file in self.files],
        }
        return (json.dumps(data, indent=1) + "\n").encode()


Open = Callable[[BundleFile], IO[bytes]]
Take = Callable[[BundleFile, IO[bytes]], str]
"""Reads a file of a bundle to its end; returns the sha256 of what came."""


def write_bundle(path: Path, index: BundleIndex, content: Open) -> None:
    """Write a bundle, piece by piece; the file is there when it is whole, or not at all.

    Raises ArtifactError: disk full, or a file that is no longer what the index says.
    """
    with _whole(path) as stream, tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT,
                                              bufsize=_CHUNK) as archive:  # fmt: skip
        text = index.dump()
        archive.addfile(_header(INDEX, len(text)), io.BytesIO(text))
        for file in index.files:
            with content(file) as source:
                reader = _Reader(source)
                archive.addfile(_header(file.path, file.size), reader)
                if reader.digest != file.sha256 or source.read(1):
                    raise ArtifactError(
                        f"{file.origin} has changed while the bundle was made",
                        where=str(path),
                        hint="make the bundle again",
                    )


def read_index(path: Path) -> BundleIndex:
    """The index alone. Raises InputError for anything that is no bundle."""
    with _opened(path) as archive:
        return _index(path, archive)


def read_bundle(path: Path, take: Take) -> BundleIndex:
    """Read a bundle once, from its beginning to its end; `take` gets every file.

    Raises InputError, naming the file: one that is missing, is not what the index says, or that
    the index does not know.
    """
    with _opened(path) as archive:
        index = _index(path, archive)
        for wanted in index.files:
            entry = _next(path, archive, wanted.path)
            if entry is None:
                raise _incomplete(path, wanted)
            if entry.name != wanted.path or not entry.isreg():
                raise _incomplete(path, wanted, entry.name)
            found = _taken(path, archive, entry, wanted, take)
            if found != wanted.sha256 or entry.size != wanted.size:
                raise _altered(path, wanted, found)
        extra = _next(path, archive, "its end")
        if extra is not None:
            raise InputError(
                f"this bundle has {extra.name}, which its index does not know", where=str(path),
                hint=_AGAIN,
            )  # fmt: skip
    return index


def _taken(
    path: Path, archive: tarfile.TarFile, entry: tarfile.TarInfo, wanted: BundleFile, take: Take
) -> str:
    stream = archive.extractfile(entry)
    assert stream is not None, "a regular file"
    try:
        return take(wanted, stream)
    except tarfile.ReadError as error:
        raise _incomplete(path, wanted) from error


_AGAIN = "copy it once more, or make a new one: kprov bundle create INVENTORY -o FILE"


def _index(path: Path, archive: tarfile.TarFile) -> BundleIndex:
    first = _next(path, archive, INDEX)
    if first is None or first.name != INDEX or first.size > _INDEX_LIMIT:
        raise InputError(
            f"this is no bundle: it does not begin with {INDEX}", where=str(path), hint=_AGAIN
        )
    stream = archive.extractfile(first)
    try:
        data = json.loads(stream.read() if stream else b"")
        if data["format"] != FORMAT:
            raise InputError(
                f"this bundle has the format {data['format']!r}, expected {FORMAT!r}",
                where=str(path), hint="make a new one with this version of kprov",
            )  # fmt: skip
        return _parsed(data)
    except (tarfile.TarError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the index of this bundle, {INDEX}, is damaged: {error}", where=str(path), hint=_AGAIN
        ) from error


def _parsed(data: dict[str, Any]) -> BundleIndex:
    files = tuple(BundleFile(**file) for file in data["files"])
    return BundleIndex(str(data["kubernetes"]), tuple(data["architectures"]), files)


def _next(path: Path, archive: tarfile.TarFile, expected: str) -> tarfile.TarInfo | None:
    try:
        return archive.next()
    except (tarfile.TarError, EOFError) as error:
        raise InputError(
            f"this bundle is damaged where {expected} should be: {error}", where=str(path),
            hint=_AGAIN,
        ) from error  # fmt: skip


def _incomplete(path: Path, wanted: BundleFile, found: str = "") -> InputError:
    instead = f"; in its place is {found}" if found else ""
    return InputError(
        f"this bundle is incomplete: {wanted.path} is missing or cut off{instead}",
        where=str(path), hint=_AGAIN,
    )  # fmt: skip


def _altered(path: Path, wanted: BundleFile, found: str) -> InputError:
    return InputError(
        f"this bundle was altered: {wanted.path} is not what the index says\n"
        f"    expected: sha256 {wanted.sha256}\n"
        f"    found:    sha256 {found}",
        where=str(path), hint=_AGAIN,
    )  # fmt: skip


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size = size
    header.mode = 0o644
    return header


class _Reader:
    """Digests what is read through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._source.read(size)
        self._digest.update(data)
        return data

    @property
    def digest(self) -> str:
        """Of what was read so far."""
        return self._digest.hexdigest()


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with path.open("rb") as stream, _archive(path, stream) as archive:
            yield archive
    except FileNotFoundError as error:
        raise InputError("there is no such bundle", where=str(path), hint=_AGAIN) from error
    except OSError as error:
        raise cannot_read(path, error) from error


def _archive(path: Path, stream: IO[bytes]) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=stream, mode="r:")
    except tarfile.TarError as error:
        raise InputError(f"this is no bundle: {error}", where=str(path), hint=_AGAIN) from error


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A stream whose content gets the name `path` when the block has ended well."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _not_written(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> ArtifactError:
    return ArtifactError(
        f"cannot be written: {error.strerror or error}", where=str(path),
        hint="check the free space and the rights of that folder; what was there is kept",
    )  # fmt: skip


def sorted_files(files: Iterable[BundleFile]) -> tuple[BundleFile, ...]:
    """Each path once, in the order of a bundle."""
    return tuple(sorted({file.path: file for file in files}.values()))
