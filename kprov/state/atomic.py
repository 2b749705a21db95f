"""Files that are either the old one or the new one, never half of either."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from kprov.model.errors import KprovError

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def write_atomic(path: Path, data: bytes, *, mode: int = PRIVATE_FILE) -> None:
    """Replace `path` by `data`: temporary file beside it, fsync, rename, fsync of the folder.

    A reader, and a machine that loses power, sees the old content or the new one (rename(2)).
    Missing folders are made, readable by their owner only. Raises KprovError.
    """
    try:
        make_private_directory(path.parent)
        _replace(path, data, mode)
    except OSError as error:
        raise KprovError(
            f"cannot be written: {error.strerror or error}",
            where=str(path),
            hint="check the free space and the rights of that folder; the old content is kept",
        ) from error


def read_optional(path: Path) -> bytes | None:
    """The content of `path`, None when there is no such file. Raises KprovError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KprovError(
            f"cannot be read: {error.strerror or error}",
            where=str(path),
            hint="it must be a file that the user who runs kprov may read",
        ) from error


def make_private_directory(path: Path) -> None:
    """Make `path` and the parents it lacks, 0700; those that exist stay as they are."""
    for folder in reversed((path, *path.parents)):
        if not folder.is_dir():
            folder.mkdir(mode=PRIVATE_DIRECTORY, exist_ok=True)


def _replace(path: Path, data: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
