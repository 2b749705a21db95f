"""Programs out of archives, compressed for the way to the hosts."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tarfile
import tempfile
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kprov.artifacts.cache import Cache, publish
from kprov.artifacts.catalogue import Artifact
from kprov.artifacts.problems import cannot_read, cannot_write
from kprov.model.errors import ArtifactError

# Measured on a kubelet of 105 MB: level 1 takes 0.9 s for 31.3 MB, 4 takes 1.3 s for 28.7 MB,
# 6 takes 3.0 s for 27.1 MB. It is done once, and sent to every host.
_LEVEL = 4
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class MemberDigest:
    """The program as it will be on the host: sha256, and size in bytes."""

    sha256: str
    size: int


def compressed_member(cache: Cache, artifact: Artifact) -> Path:
    """The artefact's program as one gzip member (RFC 1952), without name and time.

    The same bytes each time, so it can be a part of a deterministic stream. Fetches the
    artefact when needed. Raises ArtifactError.
    """
    path = _path(cache, artifact, ".gz")
    if not path.is_file():
        _build(cache, artifact)
    return path


def member_digest(cache: Cache, artifact: Artifact) -> MemberDigest:
    """What the artefact's program is on the host. Raises ArtifactError."""
    if artifact.member is None:
        path = cache.fetch(artifact)
        return MemberDigest(artifact.sha256, path.stat().st_size)
    known = _read(_path(cache, artifact, ".json"))
    return _build(cache, artifact) if known is None else known


def _build(cache: Cache, artifact: Artifact) -> MemberDigest:
    source = cache.fetch(artifact)
    compressed, note = (_path(cache, artifact, suffix) for suffix in (".gz", ".json"))
    with _temporary(compressed.parent) as temporary:
        with _program(source, artifact) as program:
            digest = _compress(program, temporary, artifact)
        publish(temporary, compressed)
    with _temporary(note.parent) as temporary:
        _note(digest, temporary)
        publish(temporary, note)
    return digest


def _note(digest: MemberDigest, target: Path) -> None:
    try:
        target.write_text(json.dumps({"sha256": digest.sha256, "size": digest.size}))
    except OSError as error:
        raise cannot_write(target, error) from error


def _compress(program: IO[bytes], target: Path, artifact: Artifact) -> MemberDigest:
    digest, size = hashlib.sha256(), 0
    try:
        with (
            target.open("wb") as raw,
            gzip.GzipFile(
                filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0
            ) as out,
        ):
            while chunk := _read_chunk(program, artifact):
                digest.update(chunk)
                size += len(chunk)
                out.write(chunk)
    except OSError as error:
        raise cannot_write(target, error) from error
    return MemberDigest(digest.hexdigest(), size)


def _read_chunk(program: IO[bytes], artifact: Artifact) -> bytes:
    try:
        return program.read(_CHUNK)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _damaged(artifact, error) from error


@contextlib.contextmanager
def _program(source: Path, artifact: Artifact) -> Iterator[IO[bytes]]:
    if artifact.member is None:
        with _open(source) as stream:
            yield stream
        return
    with _open(source) as stream, _archive(stream, artifact) as archive:
        yield _member(archive, artifact)


def _member(archive: tarfile.TarFile, artifact: Artifact) -> IO[bytes]:
    """The member wherever it comes in the stream; the CNI plugins' names begin with `./`."""
    names = []
    try:
        for entry in archive:
            name = entry.name.removeprefix("./")
            names.append(name)
            stream = (
                archive.extractfile(entry) if name == artifact.member and entry.isreg() else None
            )
            if stream is not None:
                return stream
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _damaged(artifact, error) from error
    raise ArtifactError(
        f"this archive has no file {artifact.member!r}; it has {', '.join(names) or 'nothing'}",
        where=artifact.url,
        hint="name one of these as `member` in the role",
    )


def _archive(stream: IO[bytes], artifact: Artifact) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=stream, mode="r|gz")
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise _damaged(artifact, error) from error


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise cannot_read(path, error) from error


def _damaged(artifact: Artifact, error: Exception) -> ArtifactError:
    return ArtifactError(
        f"is not a whole tar.gz archive: {error}",
        where=artifact.url,
        hint="its checksum is as pinned, so it was published like this: compare with upstream, and "
        "remove its line from kprov.lock",
    )


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        os.close(descriptor)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _path(cache: Cache, artifact: Artifact, suffix: str) -> Path:
    name = urllib.parse.quote(artifact.member or "program", safe="")
    return cache.members / artifact.sha256 / f"{name}{suffix}"


def _read(path: Path) -> MemberDigest | None:
    try:
        found = json.loads(path.read_bytes())
        return MemberDigest(str(found["sha256"]), int(found["size"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
