"""The cluster's PKI: read from the state folder, completed in memory, written by `save`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kprov.model.cluster import ClusterSpec
from kprov.model.errors import KprovError, PkiError
from kprov.model.secret import Secret
from kprov.pki import keys
from kprov.pki.ca import Authority, create_authority, load_authority
from kprov.pki.certs import issue, reason_to_reissue
from kprov.pki.encryption import EncryptionKey, encryption_key
from kprov.pki.request import (
    AUTHORITY_NAMES,
    AuthorityName,
    CertificateRequest,
    Leaf,
    PrivateFiles,
)

_SERVICE_ACCOUNT = "service-account"
_ENCRYPTION = "encryption.key"
_CONTROLLER = "_controller"  # no host name begins with an underscore
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The key that signs service account tokens, and its public half, both PEM."""

    private_pem: Secret
    public_pem: str


class Pki:
    """Authorities and leaves of one cluster. Not for use by several threads at once.

    What is missing is made in memory; nothing reaches the disk before `save`, so that a plan
    writes nothing. What exists is never replaced, except leaves that no longer do.
    """

    def __init__(
        self, files: PrivateFiles, spec: ClusterSpec, now: datetime, passphrase: Secret | None
    ) -> None:
        self._files = files
        self._spec = spec
        self._now = now
        self._passphrase = passphrase
        self._authorities: dict[AuthorityName, Authority] = {}
        self._service_account: keys.StoredKey | None = None
        self._leaves: dict[str, tuple[x509.Certificate, Leaf]] = {}
        self._encryption: keys.EncryptionSeed | None = None
        self._unsaved: dict[str, keys.PrivateKey | keys.EncryptionSeed | str] = {}

    @classmethod
    def open(
        cls,
        files: PrivateFiles,
        spec: ClusterSpec,
        *,
        now: datetime,
        passphrase: Secret | None = None,
    ) -> Pki:
        """The PKI in `files` (such as StateDir.pki). `now` is aware of its time zone.

        `passphrase` (KPROV_PASSPHRASE) opens the stored private keys and encrypts new ones.
        Reads nothing yet.
        """
        return cls(files, spec, now, passphrase)

    def ensure_authorities(self) -> Mapping[AuthorityName, Authority]:
        """All three authorities, the service account key and the one that encrypts Secrets: those
        stored, and new ones.

        Raises PkiError when one is incomplete, damaged, unreadable, encrypted otherwise, or not
        valid now; then no other is made either.
        """
        if not self._authorities:
            # All stored ones are read before a new one is made: a wrong passphrase changes nothing.
            stored = {name: self._load_authority(name) for name in AUTHORITY_NAMES}
            account = self._load_key(f"{_SERVICE_ACCOUNT}.key")
            self._encryption = self._load_seed() or self._create_seed()
            self._service_account = account or self._create_service_account()
            self._authorities = {
                name: found or self._create_authority(name) for name, found in stored.items()
            }
        return dict(self._authorities)

    def authority(self, name: AuthorityName) -> Authority:
        """One authority; raises PkiError as `ensure_authorities` does."""
        return self.ensure_authorities()[name]

    @property
    def service_account(self) -> KeyPair:
        """The service account key pair; raises PkiError as `ensure_authorities` does."""
        self.ensure_authorities()
        assert self._service_account is not None
        stored = self._service_account
        return KeyPair(stored.pem, keys.public_pem(stored.key))

    @property
    def encryption_key(self) -> EncryptionKey:
        """The key that Secrets are encrypted with; raises PkiError as `ensure_authorities` does."""
        self.ensure_authorities()
        assert self._encryption is not None
        return encryption_key(self._encryption)

    def leaf(self, request: CertificateRequest, *, allow_expired: bool = False) -> Leaf:
        """The certificate for a request: the stored one while it does, otherwise a new one.

        A new one when there is none, when names, subject, usage or authority have changed, or
        when less than a third of its life is left. `allow_expired` leaves age aside: for a
        bootstrap certificate whose node has its own by now. Raises PkiError.
        """
        authority = self.authority(request.authority)
        path = _path(request)
        if path not in self._leaves:
            self._load_leaf(path)
        reason = "there is none yet"
        if path in self._leaves:
            certificate, leaf = self._leaves[path]
            found = reason_to_reissue(
                certificate, request, authority, self._now, allow_expired=allow_expired
            )
            if found is None:
                return leaf
            reason = found
        certificate, key, leaf = self._issue(request, reason)
        self._leaves[path] = (certificate, leaf)
        self._unsaved |= {f"{path}.key": key, f"{path}.crt": leaf.cert_pem}
        return leaf

    def user_certificate(self, name: str, groups: tuple[str, ...], ttl: timedelta) -> Leaf:
        """A client certificate for a person, kept nowhere. Raises PkiError."""
        if ttl <= timedelta(0):
            raise PkiError(
                f"a certificate for {name} that lives {ttl} is of no use",
                hint="give a time to live such as 8h",
            )
        request = CertificateRequest(
            name="user", authority="kubernetes", common_name=name, organizations=groups,
            lifetime=ttl,
        )  # fmt: skip
        return self._issue(request, "made for a person")[2]

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Names of the files that `save` would write."""
        return tuple(self._unsaved)

    def save(self) -> tuple[str, ...]:
        """Write what is new, keys before their certificates; call it before hosts get any of it.

        Also takes the rights of others from key files that have lost their 0600. Returns the
        names of the files written. Raises KprovError.
        """
        self.ensure_authorities()
        for name, content in self._unsaved.items():
            self._files.write(name, self._encode(content))
        written = tuple(self._unsaved)
        self._unsaved.clear()
        self._tighten()
        return written

    def change_passphrase(self, new: Secret) -> tuple[str, ...]:
        """Encrypt every stored key with another passphrase, all of them or none; their names.

        Raises PkiError when one does not open with the present passphrase, KprovError.
        """
        names = [name for name in self._files.names() if name.endswith(".key")]
        self._files.replace_all({
            name: keys.encrypted_anew(
                self._read(name) or b"", self._passphrase, new, where=self._files.location(name)
            )
            for name in names
        })  # fmt: skip
        self._passphrase = new
        return tuple(names)

    def _tighten(self) -> None:
        for name in self._files.names():
            if name.endswith(".key"):
                self._files.tighten(name)

    def _encode(self, content: keys.PrivateKey | keys.EncryptionSeed | str) -> bytes:
        if isinstance(content, str):
            return content.encode()
        return keys.to_pem(content, self._passphrase)

    def _create_authority(self, name: AuthorityName) -> Authority:
        algorithm, days = self._spec.pki.algorithm, self._spec.pki.ca_days
        made = create_authority(name, self._spec.name, algorithm, days, self._now)
        self._unsaved |= {f"{name}-ca.key": made.key, f"{name}-ca.crt": made.cert_pem}
        return made

    def _create_service_account(self) -> keys.StoredKey:
        key = keys.generate(self._spec.pki.algorithm, "leaf")
        self._unsaved |= {
            f"{_SERVICE_ACCOUNT}.key": key,
            f"{_SERVICE_ACCOUNT}.pub": keys.public_pem(key),
        }
        return keys.StoredKey(key, Secret(keys.to_pem(key).decode()), protected=False)

    def _create_seed(self) -> keys.EncryptionSeed:
        seed = keys.generate_seed()
        self._unsaved[_ENCRYPTION] = seed
        return seed

    def _load_seed(self) -> keys.EncryptionSeed | None:
        data = self._read(_ENCRYPTION)
        if data is None:
            return None
        where = self._files.location(_ENCRYPTION)
        seed, protected = keys.load_seed(data, self._passphrase, where=where)
        if self._passphrase is not None and not protected:
            self._unsaved[_ENCRYPTION] = seed
        return seed

    def _load_authority(self, name: AuthorityName) -> Authority | None:
        certificate = self._read(f"{name}-ca.crt")
        key = self._load_key(f"{name}-ca.key")
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            missing = f"{name}-ca.{'crt' if certificate is None else 'key'}"
            raise PkiError(
                f"the {name} authority is incomplete: this file is missing",
                where=self._files.location(missing),
                hint="restore it from a backup. Only if no host was ever set up from this folder: "
                "remove the other half as well, and a new authority is made",
            )
        where = self._files.location(f"{name}-ca.crt")
        return load_authority(name, certificate, key, self._now, where=where)

    def _load_key(self, name: str) -> keys.StoredKey | None:
        data = self._read(name)
        if data is None:
            return None
        stored = keys.load(data, self._passphrase, where=self._files.location(name))
        if self._passphrase is not None and not stored.protected:
            # The passphrase is newer than the key: save() writes the key again, encrypted.
            self._unsaved[name] = stored.key
        return stored

    def _load_leaf(self, path: str) -> None:
        """Take a stored leaf into memory; one that is damaged is as good as none."""
        data = self._read(f"{path}.crt")
        try:
            stored = self._load_key(f"{path}.key")
            certificate = None if data is None else x509.load_pem_x509_certificate(data)
        except (keys.DamagedKeyError, ValueError):
            return
        if data is None or stored is None or certificate is None:
            return
        if stored.key.public_key() == certificate.public_key():
            leaf = Leaf(data.decode("ascii"), stored.pem, certificate.not_valid_after_utc)
            self._leaves[path] = (certificate, leaf)

    def _issue(
        self, request: CertificateRequest, reason: str
    ) -> tuple[x509.Certificate, keys.PrivateKey, Leaf]:
        authority = self.authority(request.authority)
        key = keys.generate(self._spec.pki.algorithm, "leaf")
        certificate = issue(request, authority, key, self._now)
        leaf = Leaf(
            cert_pem=certificate.public_bytes(Encoding.PEM).decode(),
            key_pem=Secret(keys.to_pem(key).decode()),
            not_after=certificate.not_valid_after_utc,
            reason=reason,
        )
        return certificate, key, leaf

    def _read(self, name: str) -> bytes | None:
        try:
            return self._files.read(name)
        except KprovError as error:
            raise PkiError(
                error.problem.what,
                where=self._files.location(name),
                hint="make it readable for the user who runs kprov, or restore it from a backup",
            ) from error


def _path(request: CertificateRequest) -> str:
    host = _CONTROLLER if request.host is None else request.host
    for part in (host, request.name):
        if part != _CONTROLLER and not _SAFE.fullmatch(part):
            raise PkiError(
                f"{part!r} cannot be part of a file name, so its certificate cannot be kept",
                where=host,
                hint="use letters, digits, dots and dashes",
            )
    return f"leaves/{host}/{request.name}"
