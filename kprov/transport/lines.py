"""Bytes as they come to lines of text, and the end of a text that may be long."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

TAIL_BYTES = 64 * 1024


class Lines:
    """Lines without their newline, each as soon as it is complete.

    What is not UTF-8 becomes U+FFFD. Parts of a long line are joined once, at its end.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._parts: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        for chunk in self._chunks:
            first, *others = chunk.split(b"\n")
            self._parts.append(first)
            for part in others:
                yield self.rest()
                self._parts.append(part)

    def rest(self) -> str:
        """What came after the last newline, taken out; it may be half a line."""
        text = b"".join(self._parts).decode(errors="replace")
        self._parts.clear()
        return text


class Tail:
    """The last `limit` bytes of a stream that one thread writes and another reads."""

    def __init__(self, limit: int = TAIL_BYTES) -> None:
        self._limit = limit
        self._bytes = b""
        self._cut = False
        self._lock = threading.Lock()

    def feed(self, data: bytes) -> bytes:
        """Add what came; returns everything kept."""
        with self._lock:
            kept = self._bytes + data
            self._cut = self._cut or len(kept) > self._limit
            self._bytes = kept[-self._limit :]
            return self._bytes

    def text(self, *, after: str = "") -> str:
        """What was kept, from behind the line `after` on if that is in it."""
        with self._lock:
            kept, cut = self._bytes, self._cut
        _, found, rest = kept.partition(f"{after}\n".encode())
        if after and found:
            return rest.decode(errors="replace").strip()
        return ("[...]\n" if cut else "") + kept.decode(errors="replace").strip()
