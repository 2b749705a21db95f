"""A host we are logged in to."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator

from kprov.model.errors import TransportError
from kprov.model.host import Host
from kprov.transport.base import AbortedError
from kprov.transport.become import Command, command
from kprov.transport.channel import ChannelPipe, open_channel
from kprov.transport.dial import Line
from kprov.transport.exchange import Exchange


class SshTransport:
    """See Transport. Made by kprov.transport.ssh."""

    def __init__(self, host: Host, user: str, line: Line) -> None:
        self._host = host
        self._user = user
        self._line = line
        self._channels = 0
        self._lock = threading.Lock()
        self._ended: str | None = None
        self._then: Callable[[], None] = lambda: None

    @property
    def host(self) -> Host:
        """The host at the other end."""
        return self._host

    @property
    def channels(self) -> int:
        """How many session channels were opened so far."""
        return self._channels

    def stream(self, payload: Iterable[bytes], *, boot: str) -> Iterator[str]:
        """See Transport.stream."""
        password = self._host.connection.become_password
        nonce = secrets.token_hex(8)
        what = command(boot, user=self._user, password=password, nonce=nonce)
        pipe = self._open(what)
        where = self._host.name
        yield from Exchange(pipe, what, payload, where=where, ended=lambda: self._ended).run()

    def abort(self) -> None:
        """See Transport.abort."""
        self._end("interrupted")

    def close(self) -> None:
        """See Transport.close."""
        self._end("closed")

    def on_close(self, then: Callable[[], None]) -> None:
        """Call `then` once, after the connection was closed."""
        self._then = then

    def _end(self, how: str) -> None:
        with self._lock:
            first, self._ended = self._ended is None, self._ended or how
        if first:
            self._line.close()
            self._then()

    def _open(self, what: Command) -> ChannelPipe:
        with self._lock:
            self._channels += 1
        where = self._host.name
        try:
            return open_channel(self._line.connection.transport, what.text, where=where)
        except TransportError as error:
            if self._ended:
                raise AbortedError(f"the connection was {self._ended}", where=where) from error
            raise
