"""Two applies on one controller cannot run at once: an advisory lock that dies with its holder."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from kprov.model.errors import KprovError, LeaseHeldError
from kprov.state.atomic import PRIVATE_FILE, make_private_directory


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is at work: process id, user, host, and since when (ISO 8601, UTC)."""

    pid: int
    user: str
    host: str
    since: str

    @classmethod
    def current(cls, now: datetime) -> Holder:
        """This process."""
        since = now.astimezone(UTC).isoformat(timespec="seconds")
        return cls(os.getpid(), _user_name(), socket.gethostname(), since)

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host}, since {self.since}"


@contextlib.contextmanager
def hold(path: Path, now: datetime) -> Iterator[Holder]:
    """Hold the lock file `path` while the block runs; raises LeaseHeldError, KprovError.

    The kernel drops the lock when the process ends, however it ends (flock(2)), so nothing
    stale can be left behind. The file itself stays: removing it would let a third process lock
    a new one while a second still waits for the old.
    """
    descriptor = _open(path)
    try:
        _lock(descriptor, path)
        holder = Holder.current(now)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode() + b"\n", 0)
        yield holder
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def read_holder(path: Path) -> Holder | None:
    """Who wrote the lock file last, None when it is empty or not understood."""
    try:
        return Holder(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _open(path: Path) -> int:
    try:
        make_private_directory(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError as error:
        raise KprovError(
            f"cannot be opened for locking: {error.strerror}",
            where=str(path),
            hint="the state folder must belong to the user who runs kprov",
        ) from error


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LeaseHeldError(
            f"another run is at work on this cluster: {read_holder(path) or 'it has just begun'}",
            where=str(path),
            hint="wait until it has ended, or stop it; the lock ends with its process",
        ) from error
    except OSError as error:
        raise KprovError(
            f"cannot be locked: {error.strerror}",
            where=str(path),
            hint="put the state folder on a file system that has locks: --state DIR",
        ) from error


def _user_name() -> str:
    import getpass  # noqa: PLC0415  reads the user database: only when a lock is taken

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())
