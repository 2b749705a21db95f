"""For tests only: a Transport whose answers come from a function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kprov.model.host import Host
from kprov.transport.base import AbortedError, check_boot

Answer = Callable[[bytes, str], Iterable[str]]
"""Payload and boot to output lines; what it raises, the reader gets."""


class FakeTransport:
    """Answers every stream with `answer(payload, boot)`; as strict as the real one."""

    def __init__(self, host: Host, answer: Answer) -> None:
        self._host = host
        self._answer = answer
        self._closed = False
        self.calls: list[tuple[bytes, str]] = []
        """Payload and boot of every channel so far."""

    @property
    def host(self) -> Host:
        """The host it stands for."""
        return self._host

    @property
    def channels(self) -> int:
        """How many streams were begun."""
        return len(self.calls)

    @property
    def closed(self) -> bool:
        """Whether close or abort was called."""
        return self._closed

    def stream(self, payload: Iterable[bytes], *, boot: str) -> Iterator[str]:
        """See Transport.stream."""
        check_boot(boot)
        self._check_open()
        sent = b"".join(payload)
        self.calls.append((sent, boot))
        for line in self._answer(sent, boot):
            assert "\n" not in line, f"an answer is lines without newlines, not {line!r}"
            self._check_open()
            yield line

    def abort(self) -> None:
        """See Transport.abort."""
        self._closed = True

    def close(self) -> None:
        """See Transport.close."""
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise AbortedError("the connection is closed", where=self._host.name)
