"""What roles ask for by name and the controller makes or finds: a protocol and its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate (or public key) and its private key, PEM."""

    cert: str
    key: str


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """What Secrets are encrypted with in etcd: its name, and the key itself in base64."""

    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class Binary:
    """Where a binary is installed and what it is.

    `source` is the SHA-256 of the artefact it comes from. `how` is push or pull, `origin` the URL
    to pull from, `member` its path inside an archive.
    """

    directory: str
    name: str
    source: str = ""
    how: str = ""
    origin: str = ""
    member: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A container image archive: its digest and the tags it brings."""

    sha256: str
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Addon:
    """An add-on: its manifest in a file here, what errors call that file, and what to do with it.

    `wait` names objects of it, or `all` of them; `timeout` in seconds.
    """

    name: str
    path: Path
    place: str
    template: bool
    values: Mapping[str, Any]
    namespace: str
    wait: Sequence[str]
    timeout: int


class Sources(Protocol):
    """Answers for one host. In a pending look only `place`, `image` and `addon` are asked."""

    def place(self, component: str, member: str) -> Binary:
        """Where a binary goes: known from the inventory alone."""
        ...

    def binary(self, component: str, member: str) -> Binary:
        """The same with its source and delivery: needs the host's architecture."""
        ...

    def image(self, archive: str) -> Image | None:
        """An archive of `cluster.images`; None: not for this host, which gets another one."""
        ...

    def addon(self, name: str) -> Addon:
        """An add-on of `cluster.addons`."""
        ...

    def certificate(self, name: str) -> KeyPair:
        """A leaf certificate for this host."""
        ...

    def authority(self, name: str) -> KeyPair:
        """A certificate authority, or the service-account key pair."""
        ...

    def encryption_key(self) -> EncryptionKey:
        """The key that Secrets are encrypted with."""
        ...

    def kubeconfig(self, certificate: str, server: str) -> str:
        """A kubeconfig with embedded credentials."""
        ...
