"""SSH keys of local machines: Ed25519 (RFC 8709), in OpenSSH's own file format."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from kprov.machines.folders import Folders, write_atomically
from kprov.model.errors import LocalMachineError


@dataclass(frozen=True, slots=True)
class KeyPair:
    """`private` is the content of an OpenSSH key file, `public` one line without comment."""

    private: bytes = field(repr=False)
    public: str


def generate() -> KeyPair:
    """A new key pair."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return KeyPair(private, _public(key))


def private_key(cache: Path) -> Path:
    """The key that opens every local machine of this cache; made when it is missing, mode 0600.

    It belongs to the owner of the cache folder: with sudo that is not always root.
    """
    path = Folders(cache).private_key
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, generate().private, 0o600)
    owner = cache.stat()
    if os.geteuid() == 0 and path.stat().st_uid != owner.st_uid:
        os.chown(path, owner.st_uid, owner.st_gid)
    return path


def public_key(path: Path) -> str:
    """The public half of a private key file; LocalMachineError when the file is damaged."""
    try:
        key = load_ssh_private_key(path.read_bytes(), password=None)
    except ValueError as error:
        raise LocalMachineError(
            f"this is not an OpenSSH private key: {error}",
            where=str(path),
            hint="remove the file and run `kprov local down` and `up` again: a new key is made",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LocalMachineError("this is not an Ed25519 key", where=str(path), hint="remove it")
    return _public(key)


def _public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
