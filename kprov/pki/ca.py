"""Certificate authorities: made once, checked each time, never overwritten."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from kprov.model.errors import PkiError
from kprov.model.secret import Secret
from kprov.pki import keys
from kprov.pki.request import AuthorityName

# Hosts whose clock is a little behind must accept a certificate that was made just now.
BACKDATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority; `cert_pem` is its file as a whole, chain included."""

    name: AuthorityName
    certificate: x509.Certificate
    key: keys.PrivateKey
    cert_pem: str
    key_pem: Secret

    @property
    def not_after(self) -> datetime:
        """When it ends."""
        return self.certificate.not_valid_after_utc


def create_authority(
    name: AuthorityName, cluster: str, algorithm: keys.Algorithm, days: int, now: datetime
) -> Authority:
    """A new self-signed authority (RFC 5280, 4.2.1.3 and 4.2.1.9) that may sign leaves only."""
    key = keys.generate(algorithm, "authority")
    subject = subject_name(f"{name}-ca", (cluster,))
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage("digital_signature", "key_cert_sign", "crl_sign"), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM).decode()
    return Authority(name, certificate, key, pem, Secret(keys.to_pem(key).decode()))


def load_authority(
    name: AuthorityName, cert: bytes, stored: keys.StoredKey, now: datetime, *, where: str
) -> Authority:
    """Put a stored certificate and its key together.

    Raises PkiError when the file is damaged, is no authority, has another key, or is not valid
    at `now`: a new one would lock out everything that the old one has signed.
    """
    try:
        certificate = x509.load_pem_x509_certificate(cert)
    except ValueError as error:
        raise PkiError(
            f"is not a certificate in PEM format: {error}", where=where, hint=_restore(name)
        ) from error
    if certificate.public_key() != stored.key.public_key():
        raise PkiError(
            f"the {name} authority's certificate and its private key do not belong together",
            where=where,
            hint=_restore(name),
        )
    _check_authority(certificate, name, where)
    _check_validity(certificate, name, now, where)
    return Authority(name, certificate, stored.key, cert.decode("utf-8", "replace"), stored.pem)


def subject_name(common_name: str, organizations: Sequence[str]) -> x509.Name:
    """Organizations (Kubernetes reads them as groups), then the common name (the user)."""
    try:
        return x509.Name(
            [
                *(x509.NameAttribute(NameOID.ORGANIZATION_NAME, text) for text in organizations),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
    except ValueError as error:
        raise PkiError(
            f"cannot be the subject of a certificate: {common_name!r}, {list(organizations)}: "
            f"{error}",
            hint="names and groups have 1 to 64 characters (RFC 5280, appendix A.1)",
        ) from error


def key_usage(*allowed: str) -> x509.KeyUsage:
    """The key usage extension with exactly these bits set."""
    bits = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{bit: bit in allowed for bit in bits.split()})


def authority_key_identifier(issuer: Authority) -> x509.AuthorityKeyIdentifier:
    """What points from a certificate to its issuer (RFC 5280, 4.2.1.1)."""
    extensions = issuer.certificate.extensions
    try:
        identifier = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:  # an authority that somebody else made
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def serial_number() -> int:
    """128 random bits, never 0 (RFC 5280, 4.1.2.2: positive, at most 20 octets)."""
    return 1 + secrets.randbelow(2**128 - 1)


def _check_authority(certificate: x509.Certificate, name: AuthorityName, where: str) -> None:
    try:
        is_authority = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        ).value.ca
    except (x509.ExtensionNotFound, ValueError):
        is_authority = False
    if not is_authority:
        raise PkiError(
            f"the certificate of the {name} authority may not sign others (basic constraints)",
            where=where,
            hint="give a certificate with `CA:TRUE`, and its key",
        )


def _check_validity(
    certificate: x509.Certificate, name: AuthorityName, now: datetime, where: str
) -> None:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < start:
        raise PkiError(
            f"the {name} authority is valid from {start:%Y-%m-%d %H:%M} UTC, and this computer's "
            f"clock says {now:%Y-%m-%d %H:%M} UTC",
            where=where,
            hint="set the clock of this computer right",
        )
    if now >= end:
        raise PkiError(
            f"the {name} authority has ended on {end:%Y-%m-%d}: what it signs is not accepted",
            where=where,
            hint="it must be replaced on every host at once; "
            "or set the clock of this computer right, if it is not that late yet",
        )


def _restore(name: AuthorityName) -> str:
    return (
        f"restore {name}-ca.crt and {name}-ca.key from one backup; kprov never replaces an "
        "authority: every certificate that it has signed would be void"
    )
