"""What was done to the cluster, when and by which run: append-only JSON lines, never secrets."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kprov.model.errors import KprovError
from kprov.state.atomic import PRIVATE_FILE, make_private_directory, read_optional

# The last line of defence: callers pass Secret values, which show themselves as ***. Both stay
# inside one JSON string, so that the line remains a line of JSON.
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^\"\\]|\\[nr])*")
_KEY_DATA = re.compile(r"(client-key-data: *)[A-Za-z0-9+/=]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal; `time` is ISO 8601 in UTC."""

    time: str
    run: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one cluster."""

    path: Path

    def append(self, run_id: str, event: Mapping[str, object], now: datetime) -> None:
        """Add one line. Values that JSON does not know are written as their text.

        Raises KprovError when the file cannot be written.
        """
        time = now.astimezone(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "run": run_id, "event": event}, default=str)
        try:
            make_private_directory(self.path.parent)
            _append_line(self.path, _redact(line))
        except OSError as error:
            raise KprovError(
                f"cannot be written: {error.strerror or error}",
                where=str(self.path),
                hint="check the free space and the rights of that folder",
            ) from error

    def entries(self) -> Iterator[Entry]:
        """All entries, oldest first; a line that a crash cut off is left out. Raises KprovError."""
        for line in (read_optional(self.path) or b"").splitlines():
            entry = _parse(line)
            if entry is not None:
                yield entry


def _append_line(path: Path, line: str) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
    try:
        size = os.fstat(descriptor).st_size
        # A line that a crash cut off must not swallow the next one.
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, ("\n" if torn else "").encode() + line.encode() + b"\n")
    finally:
        os.close(descriptor)


def _redact(line: str) -> str:
    return _KEY_DATA.sub(r"\1***", _PRIVATE_KEY.sub("***", line))


def _parse(line: bytes) -> Entry | None:
    try:
        found = json.loads(line)
        return Entry(found["time"], found["run"], found["event"])
    except (ValueError, KeyError, TypeError):
        return None
