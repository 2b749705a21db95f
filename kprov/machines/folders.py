"""Where local machines keep their files, and how two commands stay out of each other's way."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

RUN = Path("/run/kprov/local")
"""One folder per cluster that has something running: gone after a reboot, as what it records."""

DATA_DIRECTORIES = (
    "var/lib/containerd",
    "var/lib/kubelet",
    "var/lib/etcd",
    "var/lib/kprov",
    "opt/kprov",
)
"""Directories of a machine that lie on the host's own file system (see launch.sh)."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The places under the cache folder."""

    cache: Path

    @property
    def local(self) -> Path:
        """Everything about local machines."""
        return self.cache / "local"

    @property
    def images(self) -> Path:
        """Base images; for root alone, as set-uid programs of an old image are a way in."""
        return self.local / "images"

    @property
    def clusters(self) -> Path:
        """One folder per cluster; for root alone."""
        return self.local / "clusters"

    @property
    def private_key(self) -> Path:
        """The key that opens every machine; `keys.private_key` makes it."""
        return self.local / "id_ed25519"

    def cluster(self, cluster: str) -> Path:
        """All machines of one cluster."""
        return self.clusters / cluster

    def machine(self, cluster: str, name: str) -> Path:
        """The data of one machine: upper, work, root (mount point), data, console.log."""
        return self.cluster(cluster) / name


@contextmanager
def locked(folder: Path, busy: Callable[[], None]) -> Iterator[None]:
    """Hold a lock on a folder itself: no lock file is left, and a killed owner lets go.

    Whoever holds the lock may remove the folder, so a waiter looks again when it is its turn.
    """
    while True:
        make_directory(folder)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _wait_for(handle, busy)
            if _is_still(folder, handle):
                yield
                return
        finally:
            os.close(handle)


@contextmanager
def lock_if_free(folder: Path) -> Iterator[int | None]:
    """Hold a lock on a folder that exists; None, at once and without it, when somebody has it.

    The file descriptor may be passed on: the lock is held until the last copy of it is closed.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield handle if _taken(handle) else None
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for(handle: int, busy: Callable[[], None]) -> None:
    if not _taken(handle):
        busy()
        fcntl.flock(handle, fcntl.LOCK_EX)


def _is_still(folder: Path, handle: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(folder.stat(), os.fstat(handle))
    return False


def make_directory(path: Path, mode: int = 0o755) -> None:
    """Make a directory and those above it with this mode, whatever the umask."""
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    path.chmod(mode)


def write_atomically(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old or the new content, also after a crash."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as stream:
        os.fchmod(handle, mode)
        stream.write(content)
        stream.flush()
        os.fsync(handle)
    temporary.replace(path)
