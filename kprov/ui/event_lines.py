"""Events as lines of JSON on a file descriptor: for programs that watch an apply."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time

from kprov.engine.journal import entry
from kprov.model.errors import InputError
from kprov.model.events import Event


class EventLines:
    """Writes each event as it comes. A reader that goes away is not missed."""

    def __init__(self, descriptor: int) -> None:
        try:
            os.fstat(descriptor)
        except OSError as error:
            raise InputError(
                f"file descriptor {descriptor} is not open", where="--events-fd",
                hint="open it in the shell: kprov apply FILE --events-fd 3 3>events.jsonl",
            ) from error  # fmt: skip
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """One line: `{"time": SECONDS, "event": NAME, ...}`."""
        line = json.dumps({"time": round(time.time(), 3), **entry(event)}) + "\n"
        with self._lock, contextlib.suppress(OSError):
            os.write(self._descriptor, line.encode())
