"""One script on one channel: payload in, lines out, errors told apart.

Three things happen at once and none may wait for another: the payload is sent, the error output
is read (a full window would block the host), and the caller reads lines. Hence two threads for
each exchange besides the caller's own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from kprov.model.secret import Secret
from kprov.transport.base import AbortedError, ConnectionLostError, RemoteExitError
from kprov.transport.become import Command, Refusal, explain, is_wrong_password
from kprov.transport.lines import Lines, Tail

START_SECONDS = 60.0
"""How long the way to root may take: slow start-up files, sudo that asks a name server."""
_DRAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class End:
    """How a remote command ended."""

    status: int | None
    """Exit status; None: a signal, or nobody knows."""
    lost: bool = False
    """The connection broke before the status came."""


class Pipe(Protocol):
    """Both ends of one remote command, whatever carries them. Used by several threads."""

    def send(self, data: bytes) -> bool:
        """Send all of it; False when nobody reads any more."""

    def send_eof(self) -> None:
        """End of input."""

    def receive(self) -> bytes:
        """Some output; empty at its end, also when the connection is gone."""

    def receive_error(self) -> bytes:
        """Some error output; empty at its end."""

    def end(self) -> End:
        """Wait for the command to end."""

    def close(self) -> None:
        """End everything; threads in the calls above come back."""


class Exchange:
    """Runs `command` at the other end of `pipe`; good for one call of `run`.

    `ended` says how this side ended the connection, None while it has not.
    """

    def __init__(
        self,
        pipe: Pipe,
        command: Command,
        payload: Iterable[bytes],
        *,
        where: str,
        ended: Callable[[], str | None] = lambda: None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._pipe = pipe
        self._command = command
        self._payload = payload
        self._where = where
        self._ended = ended
        self._start_seconds = start_seconds
        self._ready = False
        self._timed_out = False
        self._released = threading.Event()  # the feeder need not wait any longer
        self._over = False
        self._payload_error: Exception | None = None
        self._noise = Tail()
        self._stderr = Tail()
        self._lines = self._received = self._sent = 0

    def run(self) -> Iterator[str]:
        """The script's output lines; raises as `Transport.stream` says."""
        watchdog = threading.Timer(self._start_seconds, self._give_up)
        feeder = threading.Thread(target=self._feed, name="kprov-feed")
        drain = threading.Thread(target=self._drain, name="kprov-drain")
        for thread in (watchdog, feeder, drain):
            thread.daemon = True
            thread.start()
        try:
            lines = Lines(iter(self._pipe.receive, b""))
            received = iter(lines)
            self._wait_for_ready(received)
            watchdog.cancel()
            yield from map(self._count, received)
            end = self._pipe.end()
            yield from self._unfinished(lines.rest(), end)
            drain.join(_DRAIN_SECONDS)
            self._judge(end)
        finally:
            watchdog.cancel()
            self._over = True
            self._released.set()
            self._pipe.close()

    def _wait_for_ready(self, received: Iterator[str]) -> None:
        for line in received:
            if line.endswith(self._command.ready):
                self._ready = True
                self._released.set()
                return
            self._noise.feed(f"{line}\n".encode())

    def _unfinished(self, rest: str, end: End) -> Iterator[str]:
        """A last line without newline is a line, unless it was cut off."""
        if not self._ready:
            self._noise.feed(rest.encode())
        elif rest and not end.lost:
            yield self._count(rest)

    def _count(self, line: str) -> str:
        self._lines += 1
        self._received += len(line) + 1
        return line

    def _give_up(self) -> None:
        self._timed_out = True
        self._pipe.close()

    def _feed(self) -> None:
        if self._command.password is not None and not self._pass_sudo(self._command.password):
            return
        try:
            for chunk in self._payload:
                if self._over or not self._pipe.send(chunk):
                    return
                self._sent += len(chunk)
        except Exception as error:  # noqa: BLE001  the payload's own: raised where lines are read
            self._payload_error = error
            self._pipe.close()
        else:
            self._pipe.send_eof()

    def _pass_sudo(self, password: Secret) -> bool:
        if not self._pipe.send(f"{password.reveal()}\n".encode()):
            return False
        self._released.wait()
        return self._ready and self._pipe.send(f"{self._command.go}\n".encode())

    def _drain(self) -> None:
        refused = False
        for data in iter(self._pipe.receive_error, b""):
            kept = self._stderr.feed(data)
            if self._command.password is None or refused or self._ready:
                continue
            if is_wrong_password(kept, self._command):
                refused = True
                self._pipe.send_eof()  # or sudo takes the next line for another try

    def _judge(self, end: End) -> None:
        if self._payload_error is not None:
            raise self._payload_error
        if how := self._ended():
            what = f"the connection was {how} here {self._progress()}"
            raise AbortedError(what, where=self._where)
        if self._timed_out or not (self._ready or end.lost):
            raise explain(self._refusal(end), self._command, where=self._where)
        if end.lost:
            what = f"connection lost {self._progress()}"
            raise ConnectionLostError(what, where=self._where, lines=self._lines)
        if end.status != 0:
            raise self._exit_error(end.status)

    def _progress(self) -> str:
        return (
            f"after {self._lines} lines / {self._received} bytes received, "
            f"{self._sent} bytes of payload sent"
        )

    def _refusal(self, end: End) -> Refusal:
        return Refusal(end.status, self._stderr.text(), self._noise.text(), self._timed_out)

    def _exit_error(self, status: int | None) -> RemoteExitError:
        stderr = self._stderr.text(after=self._command.ready)
        end = "was ended by a signal" if status is None else f"ended with exit status {status}"
        return RemoteExitError(f"the script {end}", where=self._where, status=status, stderr=stderr)
