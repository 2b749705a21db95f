"""Connections: one per host, opened when first needed, kept for the whole run."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from kprov.engine.fanout import MOST_AT_ONCE
from kprov.model.host import Host
from kprov.transport.base import AbortedError, Transport

Connect = Callable[[Host], Transport]


class Connections:
    """The transports of a run; a context manager that closes them.

    `stop` ends attempts to connect that are still under way.
    """

    def __init__(
        self, hosts: Mapping[str, Host], connect: Connect, stop: Callable[[], None] | None = None
    ) -> None:
        self._hosts = hosts
        self._connect = connect
        self._stop = stop
        self._open: dict[str, Transport] = {}
        self._early: dict[str, Future[Transport]] = {}
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE)
        self._lock = threading.Lock()
        self._aborted = False

    def check(self) -> None:
        """Raise AbortedError after `abort`: for work between two round trips."""
        if self._aborted:
            raise AbortedError("interrupted")

    def open_early(self) -> None:
        """Connect to all hosts in the background; what goes wrong is raised by `to`."""
        self._early = {
            name: self._pool.submit(self._connect, self._hosts[name]) for name in self._hosts
        }

    def to(self, host: str) -> Transport:
        """The transport to a host; TransportError when it cannot be reached."""
        with self._lock:
            transport, early = self._open.get(host), self._early.pop(host, None)
        if transport is None:
            transport = early.result() if early else self._connect(self._hosts[host])
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
        self._aborted = True
        if self._stop is not None:
            self._stop()
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
        if self._early and self._stop is not None:
            self._stop()
        for transport in self._open.values():
            transport.close()
        self._pool.shutdown(wait=False, cancel_futures=True)
