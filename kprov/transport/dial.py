"""Opening connections: fabric makes them, we say which keys to trust and when to try again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import paramiko
from fabric import Config, Connection

from kprov.model.errors import KprovError, TransportError
from kprov.transport.auth import Authentication, KeyFiles
from kprov.transport.base import Log
from kprov.transport.failures import explain, may_pass
from kprov.transport.hostkeys import HostKeys, PresentedKey
from kprov.transport.quiet import quiet_paramiko
from kprov.transport.retry import Retry
from kprov.transport.route import Endpoint
from kprov.transport.sockets import KEEPALIVE_SECONDS, ProxyProcess, tune

_LOGIN_SECONDS = 30.0
"""For each answer while logging in: the other side may ask a directory service."""
_FAST_CIPHERS = ("aes128-gcm@openssh.com", "aes128-ctr")


@dataclass(frozen=True, slots=True)
class Line:
    """An open connection and the process it may run through."""

    connection: Connection
    process: ProxyProcess | None = None

    @property
    def transport(self) -> paramiko.Transport:
        """paramiko's side of the connection, once it is open."""
        transport = self.connection.transport
        assert isinstance(transport, paramiko.Transport)
        return transport

    def close(self) -> None:
        """End it; nothing of it is left."""
        transport = self.connection.client.get_transport()
        if transport is not None:
            transport.packetizer.complete_handshake()  # or its timer keeps our process alive
        with suppress(paramiko.SSHException, EOFError, OSError):
            self.connection.client.close()
        if self.process is not None:
            self.process.close()


class Dialer:
    """Opens connections, bastions once for all hosts behind them. Used by many threads."""

    def __init__(self, host_keys: HostKeys, key_files: KeyFiles, *, retry: Retry, log: Log):
        quiet_paramiko()
        self._host_keys = host_keys
        self._key_files = key_files
        self._retry = retry
        self._log = log
        self._stopped = threading.Event()
        self._bastions: dict[Endpoint, _Bastion] = {}
        self._lock = threading.Lock()

    def dial(self, endpoint: Endpoint, *, where: str, bastion: bool = False) -> Line:
        """A connection that is logged in; raises TransportError naming the host `where`.

        A port that refuses or is silent is tried again for a short while; who we are and who
        they are is not.
        """
        started = time.monotonic()
        for pause in self._retry.pauses():
            try:
                return self._open(endpoint, where)
            except _FailedError as failed:
                error, said = failed.error, failed.proxy_said
                failure = explain(error, endpoint, where=where, bastion=bastion, proxy_said=said)
                passed = time.monotonic() - started
                if not may_pass(error) or passed + pause > self._retry.seconds:
                    raise failure from error
            self._log(f"{failure.problem}; trying again in {pause:g} s")
            if self._stopped.wait(pause):
                raise failure
        raise AssertionError("pauses never end")

    def stop(self) -> None:
        """No more tries; bastions are closed, and with them what runs through them."""
        self._stopped.set()
        with self._lock:
            bastions = list(self._bastions.values())
        for bastion in bastions:
            bastion.close()

    def _open(self, endpoint: Endpoint, where: str) -> Line:
        gateway = None
        if isinstance(endpoint.proxy, Endpoint):
            gateway = self._bastion(endpoint.proxy, where).connection
        process = ProxyProcess(endpoint.proxy) if isinstance(endpoint.proxy, str) else None
        line = Line(self._connection(endpoint, gateway, process, where), process)
        try:
            line.connection.open()
        except KprovError:
            line.close()
            raise
        except Exception as error:  # paramiko's thread hands over whatever it met
            said = process.last_words() if process else ""
            line.close()
            raise _FailedError(error, said) from error
        line.transport.set_keepalive(KEEPALIVE_SECONDS)
        return line

    def _connection(
        self,
        endpoint: Endpoint,
        gateway: Connection | None,
        process: ProxyProcess | None,
        where: str,
    ) -> Connection:
        """A fabric connection that is not open yet and reads no configuration of its own."""
        options: dict[str, Any] = {
            "auth_strategy": Authentication(endpoint, self._key_files, where=where),
            "transport_factory": self._transport_factory(endpoint),
            "auth_timeout": _LOGIN_SECONDS,
            "channel_timeout": endpoint.connect_timeout,
        }
        if process is not None:
            options["sock"] = process.socket
        connection = Connection(
            endpoint.address,
            user=endpoint.user,
            port=endpoint.port,
            config=Config(lazy=True, ssh_config=paramiko.SSHConfig()),
            gateway=gateway or False,
            connect_timeout=math.ceil(endpoint.connect_timeout),
            connect_kwargs=options,
        )
        policy = _HostKeyPolicy(self._host_keys, endpoint, where)
        connection.client.set_missing_host_key_policy(policy)
        return connection

    def _transport_factory(self, endpoint: Endpoint) -> Callable[..., paramiko.Transport]:
        def make(sock: Any, **options: Any) -> paramiko.Transport:
            transport = paramiko.Transport(tune(sock), **options)
            security = transport.get_security_options()
            known = self._host_keys.key_types(endpoint.host_key_name, endpoint.known_hosts)
            security.key_types = _first(_signatures(known), security.key_types)
            security.ciphers = _first(_FAST_CIPHERS, security.ciphers)
            return transport

        return make

    def _bastion(self, endpoint: Endpoint, where: str) -> Line:
        with self._lock:
            bastion = self._bastions.setdefault(endpoint, _Bastion())
        with bastion.lock:
            if bastion.failure is not None:
                problem = bastion.failure.problem
                raise type(bastion.failure)(problem.what, where=where, hint=problem.hint)
            if bastion.line is None or not bastion.line.connection.is_connected:
                bastion.close()
                try:
                    bastion.line = self.dial(endpoint, where=where, bastion=True)
                except TransportError as failure:
                    bastion.failure = failure
                    raise
            return bastion.line


class _Bastion:
    """A connection that hosts share. A failure is kept: a hundred hosts need not wait for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.line: Line | None = None
        self.failure: TransportError | None = None

    def close(self) -> None:
        if self.line is not None:
            self.line.close()


class _HostKeyPolicy(paramiko.MissingHostKeyPolicy):
    """paramiko knows no host keys here, so every key comes by."""

    def __init__(self, host_keys: HostKeys, endpoint: Endpoint, where: str) -> None:
        self._host_keys = host_keys
        self._endpoint = endpoint
        self._where = where

    def missing_host_key(
        self,
        client: paramiko.SSHClient,
        hostname: str,
        key: paramiko.PKey,
    ) -> None:
        endpoint = self._endpoint
        shown = PresentedKey(endpoint.host_key_name, key.get_name(), key.asbytes())
        self._host_keys.verify(
            shown, endpoint.known_hosts, where=self._where, strict=endpoint.strict
        )


class _FailedError(Exception):
    """What paramiko met, and what a ProxyCommand said about it."""

    def __init__(self, error: Exception, proxy_said: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.proxy_said = proxy_said


def _first(wanted: Iterable[str], possible: Sequence[str]) -> tuple[str, ...]:
    """What is possible, what is wanted of it first."""
    front = [name for name in wanted if name in possible]
    return (*front, *(name for name in possible if name not in front))


def _signatures(key_types: Iterable[str]) -> Iterator[str]:
    """The algorithms to ask for by type of key: an RSA key signs with SHA-2, RFC 8332."""
    for key_type in key_types:
        if key_type == "ssh-rsa":
            yield from ("rsa-sha2-512", "rsa-sha2-256")
        else:
            yield key_type
