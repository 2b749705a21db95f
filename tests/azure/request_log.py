"""Every ARM request that arrived, for tests that count them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from tests.azure.exchange import Json, Request


@dataclass(frozen=True)
class Entry:
    """One request and what became of it; status 0: the connection was cut."""

    number: int
    method: str
    path: str
    status: int
    code: str | None
    sent: Json | None
    headers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.number:4} {self.method:6} {self.status} {self.code or '':24} {self.path}"


@dataclass
class RequestLog:
    """A list of entries, oldest first."""

    entries: list[Entry] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, request: Request, status: int, code: str | None, sent: Json | None) -> None:
        """Add one. Tokens are left out."""
        headers = {k: v for k, v in request.headers.items() if k != "authorization"}
        entry = Entry(request.number, request.method, request.path, status, code, sent, headers)
        with self.lock:
            self.entries.append(entry)

    def clear(self) -> None:
        """Forget them all."""
        with self.lock:
            self.entries.clear()

    def of(self, *methods: str, under: str = "", accepted: bool = False) -> list[Entry]:
        """Those with one of the methods whose path ends with `under`, without regard to case."""
        return [
            entry
            for entry in self.entries
            if entry.method in methods
            and entry.path.lower().endswith(under.lower())
            and (not accepted or 200 <= entry.status < 300)
        ]

    def puts(self, under: str = "") -> int:
        """How many PUTs were accepted."""
        return len(self.of("PUT", under=under, accepted=True))

    def writes(self) -> list[str]:
        """`METHOD last/two` of all accepted requests that change something, in order."""
        changing = self.of("PUT", "PATCH", "DELETE", "POST", accepted=True)
        return [
            f"{entry.method} {'/'.join(entry.path.split('/')[-2:])}"
            for entry in changing
            if "/listcluster" not in entry.path.lower()
        ]

    def __str__(self) -> str:
        return "\n".join(str(entry) for entry in self.entries)
