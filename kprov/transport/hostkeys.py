"""Who is at the other end: known hosts first, otherwise the key seen first is the key forever.

The pins are an OpenSSH known_hosts file in the state folder, so `ssh -o UserKnownHostsFile=` and
`ssh-keygen` work with it.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from kprov.model.errors import HostKeyError, TransportError
from kprov.transport.base import Log
from kprov.transport.known_hosts import (
    KnownKey,
    fingerprint,
    format_line,
    host_key_name,
    read,
    without,
)

_REVOKED = "@revoked"
_AUTHORITY = "@cert-authority"
_ANY_BYTES = "surrogateescape"


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """What a server says it is."""

    name: str
    """`host` or `[host]:port`."""
    key_type: str
    blob: bytes

    def __str__(self) -> str:
        return f"{self.key_type} {fingerprint(self.blob)}"


class HostKeys:
    """Checks the keys of hosts. Many threads may use it at once, and many processes the pins.

    `pins` is the file for keys seen first; it is made with mode 0600 when there is one to keep.
    """

    def __init__(self, pins: Path, log: Log) -> None:
        self._pins = pins
        self._log = log
        self._files: dict[Path, tuple[KnownKey, ...]] = {}

    def key_types(self, name: str, known_hosts: Sequence[Path]) -> tuple[str, ...]:
        """Types of the keys known for `name`: ask the server for these first.

        A server with several keys would otherwise show one that was not pinned.
        """
        keys = self._known(name, known_hosts)
        if not keys:
            with suppress(OSError):  # verify says what is wrong
                keys = _about(name, read(self._pins))
        return tuple(dict.fromkeys(key.key_type for key in keys if not key.marker))

    def verify(
        self, shown: PresentedKey, known_hosts: Sequence[Path], *, where: str, strict: bool
    ) -> None:
        """Return when the key is the known one, or was not known and is now pinned.

        `where` is the host to blame; `strict` refuses unknown keys (StrictHostKeyChecking=yes).
        Raises HostKeyError when another key is known, or this one was revoked.
        """
        known = self._known(shown.name, known_hosts)
        if _is_accepted(shown, known, where):
            return
        with _locked(self._pins.parent, where):
            pinned = _about(shown.name, read(self._pins))
            if _is_accepted(shown, pinned, where):
                return
            if strict:
                raise _unknown(shown, known_hosts, where)
            _edit(self._pins, lambda text: _append(text, shown))
        self._log(f"{where}: pinned host key {shown} of {shown.name} in {self._pins}")

    def _known(self, name: str, known_hosts: Sequence[Path]) -> tuple[KnownKey, ...]:
        return tuple(key for path in known_hosts for key in _about(name, self._read_once(path)))

    def _read_once(self, path: Path) -> tuple[KnownKey, ...]:
        if path not in self._files:
            try:
                self._files[path] = read(path)
            except OSError as error:
                self._log(f"{path} cannot be read and is left out: {error.strerror}")
                self._files[path] = ()
        return self._files[path]


def forget(known_hosts: Path, address: str, port: int) -> int:
    """Remove the pins of an address, as after a machine was made anew; returns how many."""
    if not known_hosts.exists():
        return 0
    removed = 0

    def edit(text: str) -> str:
        nonlocal removed
        kept, removed = without(text, host_key_name(address, port))
        return kept

    with _locked(known_hosts.parent, address):
        _edit(known_hosts, edit)
    return removed


def _about(name: str, keys: Sequence[KnownKey]) -> tuple[KnownKey, ...]:
    # Certificate authorities are left out: paramiko does not check host certificates.
    return tuple(key for key in keys if key.marker != _AUTHORITY and key.matches(name))


def _is_accepted(shown: PresentedKey, known: Sequence[KnownKey], where: str) -> bool:
    """True: it is the known key; False: none is known. Raises HostKeyError for anything else."""
    same = [key for key in known if key.blob == shown.blob]
    for key in same:
        if key.marker == _REVOKED:
            raise HostKeyError(
                f"the server shows host key {shown}, which {key.location} says is revoked",
                where=where,
                hint="Do not go on: whoever answers there holds a key that was given up.",
            )
    others = [key for key in known if key.marker != _REVOKED]
    if same or not others:
        return bool(same)
    raise _changed(
        shown, next((k for k in others if k.key_type == shown.key_type), others[0]), where
    )


def _changed(shown: PresentedKey, pinned: KnownKey, where: str) -> HostKeyError:
    file = shlex.quote(pinned.location.file)
    return HostKeyError(
        f"the SSH host key of {shown.name} has changed: the server shows {shown}, "
        f"known is {pinned.key_type} {fingerprint(pinned.blob)} ({pinned.location})",
        where=where,
        hint="If the machine was installed anew, remove the old key with "
        f"`ssh-keygen -R {shlex.quote(shown.name)} -f {file}` and run this again. "
        "If not, somebody may be between you and it: do not go on.",
    )


def _unknown(shown: PresentedKey, known_hosts: Sequence[Path], where: str) -> HostKeyError:
    files = ", ".join(str(path) for path in known_hosts) or "no file at all"
    return HostKeyError(
        f"the SSH host key of {shown.name} is not known ({shown}), looked in {files}, and "
        "StrictHostKeyChecking=yes forbids to trust it",
        where=where,
        hint="Compare the fingerprint with the machine's own (`ssh-keygen -lf "
        "/etc/ssh/ssh_host_ed25519_key.pub`) and add it to known_hosts.",
    )


def _append(text: str, shown: PresentedKey) -> str:
    newline = "\n" if text and not text.endswith("\n") else ""
    return text + newline + format_line(shown.name, shown.key_type, shown.blob)


@contextmanager
def _locked(folder: Path, where: str) -> Iterator[None]:
    """Hold the folder's advisory lock: other threads and other processes wait.

    Raises TransportError when the files in it cannot be read or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        raise TransportError(
            f"SSH host keys cannot be kept in {folder}: {error.strerror or error}",
            where=where,
            hint="Give a state folder that can be read and written, with --state.",
        ) from error


def _edit(path: Path, change: Callable[[str], str]) -> None:
    """Replace a file's text at once, mode 0600."""
    old = path.read_text(errors=_ANY_BYTES) if path.exists() else ""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", errors=_ANY_BYTES) as file:
            file.write(change(old))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
