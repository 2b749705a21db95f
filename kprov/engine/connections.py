"""Connections: one per host, opened when first needed, kept for the whole run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from types import TracebackType

from kprov.model.host import Host
from kprov.transport.base import Transport

Connect = Callable[[Host], Transport]


class Connections:
    """The open transports of a run; a context manager that closes them."""

    def __init__(self, hosts: Mapping[str, Host], connect: Connect) -> None:
        self._hosts = hosts
        self._connect = connect
        self._open: dict[str, Transport] = {}
        self._lock = threading.Lock()

    def to(self, host: str) -> Transport:
        """The transport to a host; TransportError when it cannot be reached."""
        with self._lock:
            transport = self._open.get(host)
        if transport is None:
            transport = self._connect(self._hosts[host])
            with self._lock:
                self._open[host] = transport
        return transport

    @property
    def channels(self) -> dict[str, int]:
        """How many SSH channels each host has seen."""
        with self._lock:
            return {host: transport.channels for host, transport in self._open.items()}

    def abort(self) -> None:
        """Cut every connection: blocked reads end, payloads on hosts stop at their next line."""
        with self._lock:
            transports = list(self._open.values())
        for transport in transports:
            with contextlib.suppress(OSError):
                transport.abort()

    def __enter__(self) -> Connections:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for transport in self._open.values():
            transport.close()
