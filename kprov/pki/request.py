"""What a certificate shall say, and what comes of it: plain values, without cryptography."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, get_args

from kprov.model.secret import Secret

AuthorityName = Literal["kubernetes", "etcd", "front-proxy"]
AUTHORITY_NAMES: tuple[AuthorityName, ...] = get_args(AuthorityName)
Usage = Literal["client", "server", "both"]


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """One leaf certificate. `host` None: it stays on the controller."""

    name: str
    authority: AuthorityName
    common_name: str
    lifetime: timedelta
    organizations: tuple[str, ...] = ()
    alternative_names: tuple[str, ...] = ()
    """DNS names and addresses, in the order they are written into the certificate."""
    usage: Usage = "client"
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate with its key, both PEM; the key is plain PKCS#8, hence a Secret."""

    cert_pem: str
    key_pem: Secret
    not_after: datetime
    reason: str | None = None
    """Why it was issued in this run, to be shown in the plan; None: it was there already."""


class PrivateFiles(Protocol):
    """Where authorities and leaves are kept: private files under relative names.

    All methods raise KprovError when the file system refuses.
    """

    def read(self, name: str) -> bytes | None:
        """The content of a file, None when there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Replace a file atomically, readable by its owner only."""

    def replace_all(self, files: Mapping[str, bytes]) -> None:
        """Replace several files as one; the others stay as they are."""

    def tighten(self, name: str) -> bool:
        """Take the rights of others away; True when they had some."""

    def names(self) -> tuple[str, ...]:
        """Names of all files."""

    def location(self, name: str) -> str:
        """Where a file is, for messages."""
