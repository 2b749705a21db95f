"""What lies below SSH: a TCP socket tuned for short questions, or the process of a ProxyCommand."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import tempfile
from typing import Any

KEEPALIVE_SECONDS = 15
_DEAD_AFTER_MILLISECONDS = 4 * KEEPALIVE_SECONDS * 1000
_GRACE_SECONDS = 2.0


class QuickSocket(socket.socket):
    """A TCP socket that acknowledges at once.

    sshd leaves Nagle's algorithm on while it logs a user in: it holds back its second small
    packet until the first is acknowledged, which Linux otherwise delays by 40 ms (tcp(7)). The
    option does not last, so it is set again after every read.
    """

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Some bytes."""
        data = super().recv(bufsize, flags)
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def tune(sock: Any) -> Any:
    """The socket with delays off and dead peers noticed after a minute.

    Anything but a TCP socket (a channel through a bastion, a ProxyCommand) comes back as it is.
    """
    if not isinstance(sock, socket.socket) or sock.family == socket.AF_UNIX:
        return sock
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_AFTER_MILLISECONDS)
    if hasattr(socket, "TCP_QUICKACK"):
        return QuickSocket(fileno=sock.detach())
    return sock


class ProxyProcess:
    """A running ProxyCommand: its input and output are `socket`.

    Not paramiko's own ProxyCommand, which spins for ever when the command ends.
    """

    def __init__(self, command: str) -> None:
        self.socket, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        with theirs:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,
            )

    def last_words(self) -> str:
        """The end of what it wrote to its error output, on one line."""
        self._errors.seek(0)
        text = self._errors.read()[-2000:].decode(errors="replace")
        return " / ".join(line.strip() for line in text.splitlines()[-3:])

    def close(self) -> None:
        """End it."""
        self.socket.close()
        try:
            self._process.wait(timeout=_GRACE_SECONDS / 4)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_GRACE_SECONDS)
            self._process.kill()
            self._process.wait()
        self._errors.close()
