"""A folder of private files, addressed by relative names."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kprov.model.errors import KprovError
from kprov.state.atomic import PRIVATE_FILE, read_optional, write_atomic


@dataclass(frozen=True, slots=True)
class PrivateFolder:
    """Files that only their owner may read; the folder need not exist before the first write."""

    root: Path

    def read(self, name: str) -> bytes | None:
        """The content of a file, None when there is none. Raises KprovError."""
        return read_optional(self.root / name)

    def write(self, name: str, data: bytes) -> None:
        """Replace a file atomically, 0600. Raises KprovError."""
        write_atomic(self.root / name, data)

    def tighten(self, name: str) -> bool:
        """Take from a file the rights that are not its owner's; True when it had some.

        Version control keeps no more than the executable bit, so a fresh checkout has lost 0600.
        Raises KprovError.
        """
        path = self.root / name
        try:
            if not path.stat().st_mode & 0o077:
                return False
            path.chmod(PRIVATE_FILE)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise KprovError(
                f"others may read this private file, and that cannot be changed: {error.strerror}",
                where=str(path),
                hint=f"run as its owner: chmod 600 {path}",
            ) from error
        return True

    def replace_all(self, files: Mapping[str, bytes]) -> None:
        """Replace several files as one: a crash leaves all of the old ones or all of the new.

        The others stay as they are. Raises KprovError.
        """
        new, old = (self.root.with_name(f"{self.root.name}.{word}") for word in ("new", "old"))
        shutil.rmtree(new, ignore_errors=True)
        for name in self.names():
            write_atomic(new / name, files.get(name) or self.read(name) or b"")
        try:
            self.root.rename(old)
            new.rename(self.root)
        except OSError as error:
            raise KprovError(
                f"cannot be replaced: {error.strerror}", where=str(self.root),
                hint=f"nothing is lost: what was there is in it, or in {old}",
            ) from error  # fmt: skip
        shutil.rmtree(old, ignore_errors=True)

    def recover(self) -> None:
        """Put back what `replace_all` had moved aside when the computer stopped."""
        old = self.root.with_name(f"{self.root.name}.old")
        if old.is_dir() and not self.root.exists():
            old.rename(self.root)

    def names(self) -> tuple[str, ...]:
        """Relative names of all files, sorted; temporary files of a crashed write left out."""
        found = (
            Path(folder, name).relative_to(self.root).as_posix()
            for folder, _, files in os.walk(self.root)
            for name in files
            if not name.startswith(".")
        )
        return tuple(sorted(found))

    def location(self, name: str) -> str:
        """The full path of a file, for messages."""
        return str(self.root / name)
