"""The cache: folders that are either whole or not there."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.process import say


def digest(*parts: str) -> str:
    """Return 12 hex digits that change when any part changes."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Store:
    """A cache folder on disk."""

    root: Path

    def folder(self, name: str) -> Path:
        """Return a folder for logs, work files and other tools' caches; made when missing."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def once(self, key: str, build: Callable[[Path], None]) -> Path:
        """Return the folder named `key`, built by `build(empty folder)` when it is not there.

        The folder gets its name when `build` has returned: a half-built one is never found.
        """
        path = self.root / key
        if path.is_dir():
            return path
        partial = self.root / f"{key}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        build(partial)
        partial.rename(path)
        return path

    def recall(self, name: str) -> Path | None:
        """Return the folder last remembered under `name`, or None when there is none."""
        pointer = self.root / f"current-{name}"
        return pointer.resolve() if pointer.is_dir() else None

    def remember(self, name: str, path: Path) -> None:
        """Let `recall(name)` find a folder of this store."""
        pending = self.root / f"current-{name}.partial"
        pending.unlink(missing_ok=True)
        pending.symlink_to(path.name)
        pending.replace(self.root / f"current-{name}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store for building; waits while another process holds it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("a") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting for another build in {self.root}")
                fcntl.flock(stream, fcntl.LOCK_EX)
            yield
