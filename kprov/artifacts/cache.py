"""Files by their sha256, on the controller: fetched once, whole or not there."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs

from kprov.artifacts.catalogue import Artifact
from kprov.artifacts.download import NotFoundError, download
from kprov.artifacts.http import HttpClient
from kprov.artifacts.memory import Memory
from kprov.artifacts.mirror_folder import file_digest
from kprov.artifacts.problems import cannot_read, cannot_write, not_found, wrong_digest

Progress = Callable[[Artifact, int, int | None], None]
"""Called with the artefact, bytes so far and bytes in all (None: not known)."""


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache folder. Several processes and threads may use it at once."""

    root: Path
    http: HttpClient

    @property
    def memory(self) -> Memory:
        """What servers have said."""
        return Memory(self.root / "artifacts" / "memory.json")

    @property
    def members(self) -> Path:
        """The folder for what was taken out of archives."""
        return self.root / "artifacts" / "members"

    def path(self, sha256: str) -> Path:
        """Where the file of that digest is, or will be."""
        return self.root / "artifacts" / "sha256" / sha256

    def size(self, sha256: str) -> int | None:
        """The size in bytes of a file that is here, None when it is not."""
        try:
            return self.path(sha256).stat().st_size
        except OSError:
            return None

    def fetch(self, artifact: Artifact, progress: Progress | None = None) -> Path:
        """The file of an artefact, brought here if it is not yet, its sha256 verified.

        A download that broke off earlier is continued. Raises ArtifactError: server unreachable,
        no such file, cut off again and again, wrong digest (then the file is removed), disk full.
        """
        path = self.path(artifact.sha256)
        if path.is_file():
            return path
        with self._alone(artifact.sha256):
            if not path.is_file():
                self._bring(artifact, progress or _silent)
        return path

    def adopt(self, url: str) -> str | None:
        """Bring a file that nobody vouches for; its sha256, None when there is no such file.

        Raises ArtifactError: server unreachable, cut off again and again, disk full.
        """
        temporary = _new_file(self.root / "artifacts" / "partial")
        try:
            download(self.http, url, temporary, lambda *_: None)
            digest = file_digest(temporary)
            publish(temporary, self.path(digest))
        except NotFoundError:
            return None
        finally:
            temporary.unlink(missing_ok=True)
        return digest

    def take(self, sha256: str, stream: IO[bytes]) -> str:
        """Keep a file that comes from elsewhere, if its content is of that digest.

        Returns the digest of what came. Raises ArtifactError when the cache cannot be written;
        what the stream raises while it is read is passed on.
        """
        if self.path(sha256).is_file():
            return digest_of(stream)
        digest = hashlib.sha256()
        temporary = _new_file(self._partial(sha256).parent)
        try:
            with temporary.open("wb") as copy:
                while piece := stream.read(1 << 20):
                    digest.update(piece)
                    _write(copy, piece, temporary)
            if digest.hexdigest() == sha256:
                publish(temporary, self.path(sha256))
        finally:
            temporary.unlink(missing_ok=True)
        return digest.hexdigest()

    def _bring(self, artifact: Artifact, progress: Progress) -> None:
        partial = self._partial(artifact.sha256)
        continued = partial.exists()
        self._receive(artifact, partial, progress)
        found = file_digest(partial)
        if found != artifact.sha256 and continued:
            # The beginning may have been another file's: once more, from the start.
            partial.unlink()
            self._receive(artifact, partial, progress)
            found = file_digest(partial)
        if found != artifact.sha256:
            partial.unlink()
            raise wrong_digest(artifact.url, artifact.sha256, found)
        publish(partial, self.path(artifact.sha256))

    def _receive(self, artifact: Artifact, partial: Path, progress: Progress) -> None:
        parts = urllib.parse.urlsplit(artifact.url)
        try:
            if parts.scheme == "file":
                _copy(Path(urllib.parse.unquote(parts.path)), partial)
                return
            download(
                self.http,
                artifact.url,
                partial,
                lambda done, total: progress(artifact, done, total),
            )
        except NotFoundError as error:
            raise not_found(
                artifact.name, artifact.component, artifact.version, (artifact.url,)
            ) from error

    def _partial(self, sha256: str) -> Path:
        return self.root / "artifacts" / "partial" / sha256

    @contextlib.contextmanager
    def _alone(self, sha256: str) -> Iterator[None]:
        """Nobody else brings this file meanwhile; the second to come finds it there."""
        lock = self._partial(f"{sha256}.lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise cannot_write(lock, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
            if self.path(sha256).is_file():
                lock.unlink(missing_ok=True)  # whoever locks the removed file finds the result
        finally:
            os.close(descriptor)


def cache_root(override: str | None) -> Path:
    """Where the cache is: KPROV_CACHE when it is set, otherwise where this system keeps caches."""
    return Path(override).absolute() if override else platformdirs.user_cache_path("kprov")


def publish(temporary: Path, path: Path) -> None:
    """Give a finished file its name, after its content has reached the disk."""
    try:
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def digest_of(stream: IO[bytes]) -> str:
    """The sha256 of a stream's rest."""
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _new_file(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
    except OSError as error:
        raise cannot_write(folder, error) from error
    os.close(descriptor)
    return Path(name)


def _write(stream: IO[bytes], piece: bytes, path: Path) -> None:
    try:
        stream.write(piece)
    except OSError as error:
        raise cannot_write(path, error) from error


def _copy(source: Path, target: Path) -> None:
    """Copied, not linked: a mirror file that is changed in place must not change the cache."""
    try:
        if not source.is_file():
            raise NotFoundError(str(source))
        stream = source.open("rb")
    except OSError as error:
        raise cannot_read(source, error) from error
    try:
        with stream, target.open("wb") as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)
    except OSError as error:
        raise cannot_write(target, error) from error


def _silent(artifact: Artifact, done: int, total: int | None) -> None:
    """No progress is shown."""
