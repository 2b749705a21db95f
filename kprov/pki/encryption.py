"""The key that Secrets are encrypted with in etcd: 32 bytes for the `secretbox` provider.

It is kept as the other private keys are, in PKCS#8: an Ed25519 private key is any 32 bytes (RFC
8032, 5.1.5), so a passphrase, a damaged file and a wrong passphrase are dealt with in one place.
Nothing is ever signed with it.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization

from kprov.model.secret import Secret
from kprov.pki.keys import EncryptionSeed


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """`name` tells keys apart without giving them away; `secret` is base64, as Kubernetes reads it.

    https://kubernetes.io/docs/reference/config-api/apiserver-encryption.v1/#apiserver-config-k8s-io-v1-Key
    """

    name: str
    secret: Secret


def encryption_key(seed: EncryptionSeed) -> EncryptionKey:
    """The key as the apiserver's configuration says it."""
    raw = seed.private_bytes(
        serialization.Encoding.Raw,
        serialization.PrivateFormat.Raw,
        serialization.NoEncryption(),
    )
    name = f"kprov-{hashlib.sha256(raw).hexdigest()[:12]}"
    return EncryptionKey(name, Secret(base64.b64encode(raw).decode()))
