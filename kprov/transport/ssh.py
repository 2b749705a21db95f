"""Transports over SSH. paramiko and fabric are loaded with the first connection, not before."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kprov.model.host import Host
from kprov.model.secret import Secret
from kprov.transport.arguments import parse
from kprov.transport.base import AbortedError, Log
from kprov.transport.hostkeys import HostKeys
from kprov.transport.retry import Retry
from kprov.transport.route import Lookup, resolve

if TYPE_CHECKING:
    from kprov.transport.dial import Dialer
    from kprov.transport.session import SshTransport


class SshConnector:
    """Connects to the hosts of one run: they share bastions, key files and the pinned host keys.

    `known_hosts` is the file in the state folder where host keys seen first are pinned. Encrypted
    key files are opened with KPROV_KEY_PASSPHRASE of `environ` (the process's own by default);
    `home` is where `.ssh` is.
    """

    def __init__(
        self,
        known_hosts: Path,
        *,
        log: Log,
        retry: Retry | None = None,
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
    ) -> None:
        self._host_keys = HostKeys(known_hosts, log)
        self._log = log
        self._retry = retry or Retry()
        self._environ = os.environ if environ is None else environ
        self._home = home or Path.home()
        self._dialer: Dialer | None = None
        self._configs: dict[str | None, Lookup] = {}
        self._transports: list[SshTransport] = []
        self._ended = False
        self._lock = threading.Lock()

    def connect(self, host: Host) -> SshTransport:
        """A connection that is logged in; may be called by many threads at once.

        Raises TransportError when the host cannot be reached or does not let us in, HostKeyError
        when its host key is not the known one, InputError for ssh arguments or an ssh_config that
        make no sense; all of them name the host.
        """
        from kprov.transport.session import SshTransport  # noqa: PLC0415  costs 0.2 s

        arguments = parse(host.connection.ssh_common_args, where=host.name)
        dialer, config = self._load(arguments.config_file, host.name)
        endpoint = resolve(host, arguments, config, self._home)
        transport = SshTransport(host, endpoint.user, dialer.dial(endpoint, where=host.name))
        with self._lock:
            self._transports.append(transport)
            ended = self._ended
        if ended:  # while we were dialling
            transport.abort()
            raise _ended(host.name)
        return transport

    def abort(self) -> None:
        """End everything now, from any thread: blocked streams raise AbortedError."""
        for transport in self._stop():
            transport.abort()

    def close(self) -> None:
        """Close all connections, bastions included."""
        for transport in self._stop():
            transport.close()

    def _stop(self) -> list[SshTransport]:
        with self._lock:
            self._ended = True
            dialer, transports = self._dialer, list(self._transports)
        if dialer is not None:
            dialer.stop()
        return transports

    def _load(self, config_file: str | None, where: str) -> tuple[Dialer, Lookup]:
        """What all hosts share, made when the first of them asks."""
        from kprov.transport.auth import KeyFiles  # noqa: PLC0415
        from kprov.transport.dial import Dialer  # noqa: PLC0415
        from kprov.transport.ssh_config import load  # noqa: PLC0415

        with self._lock:
            if self._ended:
                raise _ended(where)
            if self._dialer is None:
                passphrase = self._environ.get("KPROV_KEY_PASSPHRASE")
                files = KeyFiles(Secret(passphrase) if passphrase else None)
                self._dialer = Dialer(self._host_keys, files, retry=self._retry, log=self._log)
            if config_file not in self._configs:
                self._configs[config_file] = load(config_file, self._home)
            return self._dialer, self._configs[config_file]


def _ended(where: str) -> AbortedError:
    return AbortedError("the connections of this run were ended", where=where)


def connect(
    host: Host,
    known_hosts: Path,
    *,
    log: Log,
    retry: Retry | None = None,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> SshTransport:
    """A connection to one host that shares nothing; see SshConnector, also for the errors."""
    connector = SshConnector(known_hosts, log=log, retry=retry, environ=environ, home=home)
    try:
        transport = connector.connect(host)
    except BaseException:
        connector.close()
        raise
    transport.on_close(connector.close)
    return transport
