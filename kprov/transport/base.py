"""The seam to the world: one connection to one host, one channel for each script.

This module imports neither paramiko nor fabric, so that what only needs the types stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from kprov.model.errors import PayloadError, TransportError
from kprov.model.host import Host

Log = Callable[[str], None]
"""Takes one line for the curious (`-v`): a key was pinned, a connection is tried again."""


class Transport(Protocol):
    """A connection to one host that is kept for the whole run."""

    @property
    def host(self) -> Host:
        """Whom this connection reaches."""

    @property
    def channels(self) -> int:
        """How many channels were opened so far: each costs a round trip, tests count them."""

    def stream(self, payload: Iterable[bytes], *, boot: str) -> Iterator[str]:
        """Open one channel, run `boot` there as root, feed it `payload`, yield its output lines.

        `boot` is the text of a POSIX sh script that passes `check_boot`; it appears in the host's
        process list and in sudo's log, so secrets belong into the payload. The channel opens when
        the first line is asked for, and closes when the iterator ends or is closed. Several
        streams may run at once, each in its own thread.

        Raises ValueError for a boot that cannot be passed on; TransportError when the script was
        never started (no sh, no sudo right) or the connection broke (ConnectionLostError) or was
        ended here (AbortedError); RemoteExitError when the script ended with another status than
        0; and whatever iterating over `payload` raises.
        """

    def abort(self) -> None:
        """End the connection now, from any thread: blocked streams raise AbortedError."""

    def close(self) -> None:
        """End the connection. It cannot be used afterwards; closing twice is fine."""


class ConnectionLostError(TransportError):
    """The connection broke while a script was at work; what it did is not known."""

    def __init__(self, what: str, *, where: str, lines: int = 0) -> None:
        super().__init__(
            what,
            where=where,
            hint="Look at the network and at sshd on that host, then run the command again: "
            "it takes up where the host really is.",
        )
        self.lines = lines
        """How many output lines had arrived."""


class AbortedError(TransportError):
    """This side ended the connection, as after Ctrl-C."""


class RemoteExitError(PayloadError):
    """The script ran on the host and ended with another status than 0."""

    def __init__(self, what: str, *, where: str, status: int | None, stderr: str) -> None:
        super().__init__(what, where=where, hint=_last_lines(stderr))
        self.status = status
        """Exit status of the script; None when a signal ended it."""
        self.stderr = stderr
        """The last 64 KiB of what it wrote to its standard error."""


def _last_lines(text: str, number: int = 10, width: int = 400) -> str:
    kept = [
        "".join(letter if letter.isprintable() else "?" for letter in line[-width:])
        for line in text.splitlines()[-number:]
    ]
    return "It wrote to its error output: " + "\n    ".join(kept) if kept else ""


def check_boot(boot: str) -> None:
    """Raise ValueError unless `boot` survives single quotes in sh, bash, csh and fish alike.

    csh expands `!` and ends a word at a newline even there, fish knows a backslash escape before
    another backslash and before the closing quote.
    """
    if not boot or not boot.isascii() or not boot.isprintable():
        raise ValueError("boot has to be one line of printable ASCII")
    for forbidden in ("'", "!", "\\\\"):
        if forbidden in boot:
            raise ValueError(f"boot must not contain {forbidden!r}: a login shell would change it")
    if boot.endswith("\\"):
        raise ValueError("boot must not end with a backslash: fish would lose the closing quote")
