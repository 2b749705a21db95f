"""Proving who we are: key files, agent, password; and saying what was tried when none was taken."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import paramiko
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from paramiko.pkey import UnknownKeyType

from kprov.model.errors import TransportError
from kprov.model.secret import Secret
from kprov.transport.known_hosts import fingerprint
from kprov.transport.route import Endpoint, Identity


@dataclass(frozen=True, slots=True)
class UnusableKey:
    """A key file that cannot be used, and why."""

    why: str
    missing: bool = False
    locked: bool = False
    """Encrypted, and there is no passphrase or not the right one."""


class KeyFiles:
    """Private keys by file, each read once: unlocking one costs a good part of a second."""

    def __init__(self, passphrase: Secret | None) -> None:
        self._passphrase = passphrase
        self._keys: dict[Path, paramiko.PKey | UnusableKey] = {}
        self._lock = threading.Lock()

    def load(self, path: Path) -> paramiko.PKey | UnusableKey:
        """The key of a file, its certificate beside it included."""
        with self._lock:
            if path not in self._keys:
                self._keys[path] = self._read(path)
            return self._keys[path]

    def _read(self, path: Path) -> paramiko.PKey | UnusableKey:
        try:
            return paramiko.PKey.from_path(path)
        except FileNotFoundError:
            return UnusableKey("there is no such file", missing=True)
        except OSError as error:
            return UnusableKey(f"cannot be read: {error.strerror}")
        except (TypeError, paramiko.PasswordRequiredException):  # cryptography, paramiko
            return self._unlock(path)
        except (ValueError, UnsupportedAlgorithm, paramiko.SSHException, UnknownKeyType):
            return UnusableKey("is not a private key of type ed25519, ecdsa or rsa")

    def _unlock(self, path: Path) -> paramiko.PKey | UnusableKey:
        if self._passphrase is None:
            return UnusableKey("is encrypted", locked=True)
        passphrase = self._passphrase.reveal().encode()
        try:  # bytes, whatever the types say: cryptography takes nothing else
            return paramiko.PKey.from_path(path, passphrase)  # type: ignore[arg-type]
        except (ValueError, InvalidTag, TypeError, paramiko.SSHException):
            why = "is encrypted, and KPROV_KEY_PASSPHRASE does not open it"
            return UnusableKey(why, locked=True)


class Authentication:
    """Tries, in this order: key files that were named, the agent's keys, default keys, password.

    Named files come before the agent, because servers hang up after a few keys (MaxAuthTries).
    Takes the place of a paramiko AuthStrategy, of which paramiko only calls `authenticate`.
    """

    def __init__(self, endpoint: Endpoint, files: KeyFiles, *, where: str) -> None:
        self._endpoint = endpoint
        self._files = files
        self._where = where
        self._tried: list[str] = []
        self._notes: list[str] = []
        self._offered: set[bytes] = set()
        self._wanted: tuple[str, ...] = ()
        self._partial = self._locked = False

    def authenticate(self, transport: paramiko.Transport) -> None:
        """Log in, or raise TransportError with everything that was tried."""
        with _agent_keys() as from_agent:
            for key, label in self._keys(from_agent):
                if self._offer_key(transport, key, label):
                    return
        if not self._offer_password(transport):
            raise self._failure(transport)

    def _keys(self, from_agent: Sequence[paramiko.PKey]) -> Iterator[tuple[paramiko.PKey, str]]:
        identities = self._endpoint.identities
        yield from self._from_files(identity for identity in identities if identity.named)
        yield from self._from_agent(from_agent)
        yield from self._from_files(identity for identity in identities if not identity.named)

    def _from_files(self, identities: Iterable[Identity]) -> Iterator[tuple[paramiko.PKey, str]]:
        for identity in identities:
            key = self._files.load(identity.path)
            if not isinstance(key, UnusableKey):
                yield key, f"key {identity.path}"
            elif identity.named or not key.missing:
                self._notes.append(f"key {identity.path} {key.why}")
                self._locked = self._locked or key.locked

    def _from_agent(self, keys: Sequence[paramiko.PKey]) -> Iterator[tuple[paramiko.PKey, str]]:
        if not keys:
            self._notes.append("there is no agent, or it has no keys")
        allowed = self._public_parts() if self._endpoint.identities_only else None
        for key in keys:
            if allowed is None or key.asbytes() in allowed:
                yield key, "key of the agent"

    def _public_parts(self) -> set[bytes]:
        """Public keys of the key files, or of the .pub beside one that is locked."""
        found: set[bytes] = set()
        for identity in self._endpoint.identities:
            key = self._files.load(identity.path)
            if not isinstance(key, UnusableKey):
                found.add(key.asbytes())
            with suppress(OSError, ValueError, IndexError):
                public = Path(f"{identity.path}.pub").read_text().split()
                found.add(base64.b64decode(public[1]))
        return found

    def _offer_key(self, transport: paramiko.Transport, key: paramiko.PKey, label: str) -> bool:
        """Whether the server lets us in with this key."""
        if key.asbytes() in self._offered or not self._may_try(transport, "publickey"):
            return False
        self._offered.add(key.asbytes())
        self._tried.append(f"{label} ({fingerprint(key.asbytes())})")
        return self._attempt(lambda: transport.auth_publickey(self._endpoint.user, key))

    def _offer_password(self, transport: paramiko.Transport) -> bool:
        password = self._endpoint.password
        if password is None:
            self._notes.append("there is no password")
            return False
        if not self._may_try(transport, "password", "keyboard-interactive"):
            return False
        self._tried.append("password")
        user = self._endpoint.user
        return self._attempt(lambda: transport.auth_password(user, password.reveal()))

    def _attempt(self, log_in: Callable[[], list[str]]) -> bool:
        try:
            self._wanted = tuple(log_in())
        except paramiko.BadAuthenticationType as error:
            self._wanted = tuple(error.allowed_types)
            return False
        except (paramiko.SSHException, EOFError, OSError):
            return False
        self._partial = bool(self._wanted)
        return not self._partial

    def _may_try(self, transport: paramiko.Transport, *methods: str) -> bool:
        return transport.is_active() and (
            not self._wanted or not set(methods).isdisjoint(self._wanted)
        )

    def _failure(self, transport: paramiko.Transport) -> TransportError:
        user = self._endpoint.user
        tried = f"refused: {'; '.join(self._tried)}" if self._tried else "nothing to offer"
        notes = f" ({'; '.join(self._notes)})" if self._notes else ""
        wanted = f"; the server takes: {', '.join(self._wanted)}" if self._wanted else ""
        hint = (
            f"Put the right public key into ~{user}/.ssh/authorized_keys there, or set "
            "`ansible_user`, `ansible_ssh_private_key_file` or `ansible_password`."
        )
        if self._partial:
            hint = "The server wants a second factor, which kprov cannot give."
        elif len(self._tried) > 1 and not transport.is_active():
            hint = f"The server hung up after {len(self._tried)} tries (MaxAuthTries): name one "
            hint += "key with `ansible_ssh_private_key_file`, and set `IdentitiesOnly yes`."
        elif self._locked:
            hint = f"Give the passphrase in KPROV_KEY_PASSPHRASE, or use ssh-add. {hint}"
        what = f"cannot log in as {self._endpoint}: {tried}{notes}{wanted}"
        return TransportError(what, where=self._where, hint=hint)


@contextmanager
def _agent_keys() -> Iterator[Sequence[paramiko.PKey]]:
    """The keys of ssh-agent while it is connected; none when there is no agent that answers."""
    try:
        agent = paramiko.Agent()
    except (paramiko.SSHException, OSError):
        yield ()
        return
    try:
        yield agent.get_keys()
    finally:
        agent.close()
