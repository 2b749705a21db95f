"""Private keys: made, stored with or without a passphrase, read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from kprov.model.errors import PkiError
from kprov.model.secret import Secret

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
EncryptionSeed = ed25519.Ed25519PrivateKey
"""32 bytes in the clothes of a private key: see kprov.pki.encryption."""
Algorithm = Literal["ecdsa", "rsa"]

# An authority lives ten years, a leaf one: NIST SP 800-57 part 1, table 2 (112 bits of security
# end with 2030, 128 bits do not).
_RSA_BITS = {"authority": 3072, "leaf": 2048}
_ENCRYPTED = (b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED")


class DamagedKeyError(PkiError):
    """The file is not a private key at all, with or without a passphrase."""


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key as it was found: `pem` is its plain text, `protected` whether it was encrypted."""

    key: PrivateKey
    pem: Secret
    protected: bool


def generate(algorithm: Algorithm, purpose: Literal["authority", "leaf"]) -> PrivateKey:
    """A new key: P-256, or RSA with 3072 bits for authorities and 2048 for leaves."""
    if algorithm == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS[purpose])


def generate_seed() -> EncryptionSeed:
    """32 new random bytes."""
    return ed25519.Ed25519PrivateKey.generate()


def to_pem(key: PrivateKey | EncryptionSeed, passphrase: Secret | None = None) -> bytes:
    """PKCS#8 PEM, encrypted when there is a passphrase (RFC 5958)."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase.reveal().encode())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )


def encrypted_anew(data: bytes, old: Secret | None, new: Secret, *, where: str) -> bytes:
    """The same key under another passphrase. Raises PkiError as `load` does."""
    key, _ = _open(data, old, where)
    if not isinstance(key, PrivateKey | EncryptionSeed):
        raise PkiError(
            f"a key of type {type(key).__name__}, which kprov does not make", where=where
        )
    return to_pem(key, new)


def public_pem(key: PrivateKey) -> str:
    """The public half, as a SubjectPublicKeyInfo PEM."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def is_encrypted(data: bytes) -> bool:
    """Whether a PEM file says that it needs a passphrase."""
    return any(mark in data for mark in _ENCRYPTED)


def load(data: bytes, passphrase: Secret | None, *, where: str) -> StoredKey:
    """Read a key; raises PkiError for a missing or wrong passphrase, or another kind of key.

    DamagedKeyError when it is no key at all.
    """
    key, protected = _open(data, passphrase, where)
    if not isinstance(key, PrivateKey):
        raise PkiError(
            f"a key of type {type(key).__name__}: neither ECDSA nor RSA",
            where=where,
            hint="restore the key that kprov made, or give one of these two kinds",
        )
    plain = to_pem(key) if protected else data
    return StoredKey(key, Secret(plain.decode("ascii", "replace")), protected)


def load_seed(data: bytes, passphrase: Secret | None, *, where: str) -> tuple[EncryptionSeed, bool]:
    """Read an encryption key, and whether it was protected; raises PkiError as `load` does."""
    key, protected = _open(data, passphrase, where)
    if not isinstance(key, EncryptionSeed):
        raise PkiError(
            f"a key of type {type(key).__name__}, expected the 32 bytes that Secrets are "
            "encrypted with (PKCS#8, Ed25519)",
            where=where,
            hint="restore the file from a backup of the state folder",
        )
    return key, protected


def _open(data: bytes, passphrase: Secret | None, where: str) -> tuple[object, bool]:
    protected = is_encrypted(data)
    if protected and passphrase is None:
        raise PkiError(
            "this private key is encrypted, and there is no passphrase",
            where=where,
            hint="set KPROV_PASSPHRASE to the passphrase of this state folder",
        )
    return _decode(data, passphrase if protected else None, where), protected


def _decode(data: bytes, passphrase: Secret | None, where: str) -> object:
    password = None if passphrase is None else passphrase.reveal().encode()
    try:
        return serialization.load_pem_private_key(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise PkiError(
                "this private key does not open with the passphrase in KPROV_PASSPHRASE",
                where=where,
                hint="give the passphrase that this state folder was written with; "
                "nothing was changed",
            ) from error
        raise DamagedKeyError(
            f"is not a private key in PEM format: {error}",
            where=where,
            hint="restore the file from a backup of the state folder",
        ) from error
