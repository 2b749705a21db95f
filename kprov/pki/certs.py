"""Leaf certificates: what is signed, and when one is signed anew."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from kprov.model.errors import PkiError
from kprov.pki import keys
from kprov.pki.ca import (
    BACKDATE,
    Authority,
    authority_key_identifier,
    key_usage,
    serial_number,
    subject_name,
)
from kprov.pki.request import CertificateRequest

_EXTENDED_USAGES = {
    "client": (ExtendedKeyUsageOID.CLIENT_AUTH,),
    "server": (ExtendedKeyUsageOID.SERVER_AUTH,),
    "both": (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
}
_COMMON_NAME_MAX = 64  # RFC 5280, appendix A.1: ub-common-name


def issue(
    request: CertificateRequest, authority: Authority, key: keys.PrivateKey, now: datetime
) -> x509.Certificate:
    """Sign a certificate for `key` (profile of RFC 5280, 4.2); it ends no later than its issuer."""
    usages = ["digital_signature"]
    if isinstance(key, rsa.RSAPrivateKey):
        usages.append("key_encipherment")  # TLS 1.2 suites with RSA key exchange
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(request))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(min(now + request.lifetime, authority.not_after))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(*usages), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_EXTENDED_USAGES[request.usage]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_key_identifier(authority), critical=False)
    )
    if request.alternative_names:
        names = _general_names(request.alternative_names)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(authority.key, hashes.SHA256())


def reason_to_reissue(
    certificate: x509.Certificate,
    request: CertificateRequest,
    authority: Authority,
    now: datetime,
    *,
    allow_expired: bool = False,
) -> str | None:
    """Why a certificate does not do for a request any more; None: it does.

    Less than a third of its life left counts as too old, so that every apply in the last four
    months of a year renews; `allow_expired` leaves age aside.
    """
    if not _signed_by(certificate, authority):
        return f"it was not signed by the present {authority.name} authority"
    if certificate.subject != _subject(request):
        return f"its subject is {certificate.subject.rfc4514_string()}"
    if _usages(certificate) != set(_EXTENDED_USAGES[request.usage]):
        return f"it is not for usage as {request.usage}"
    return _changed_names(certificate, request) or (
        None if allow_expired else _too_old(certificate, now)
    )


def _signed_by(certificate: x509.Certificate, authority: Authority) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _changed_names(certificate: x509.Certificate, request: CertificateRequest) -> str | None:
    wanted, present = set(_general_names(request.alternative_names)), _names(certificate)
    if wanted == present:
        return None
    changes = [f"+{_text(name)}" for name in wanted - present]
    changes += [f"-{_text(name)}" for name in present - wanted]
    return f"its names and addresses change: {', '.join(sorted(changes))}"


def _too_old(certificate: x509.Certificate, now: datetime) -> str | None:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < start:
        return f"it is valid from {start:%Y-%m-%d %H:%M} UTC only"
    if now >= end:
        return f"it has ended on {end:%Y-%m-%d}"
    if end - now < (end - start) / 3:
        return f"it ends on {end:%Y-%m-%d}: less than a third of its life is left"
    return None


def _subject(request: CertificateRequest) -> x509.Name:
    return subject_name(_fitting(request.common_name), request.organizations)


def _fitting(common_name: str) -> str:
    """Host names may have 253 characters, a common name 64: the rest becomes a digest."""
    if len(common_name) <= _COMMON_NAME_MAX:
        return common_name
    digest = hashlib.sha256(common_name.encode()).hexdigest()[:8]
    return f"{common_name[: _COMMON_NAME_MAX - 9]}-{digest}"


def _general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    return list(dict.fromkeys(_general_name(name) for name in names))


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text)
    except ValueError as error:
        raise PkiError(
            f"{text!r} is neither an address nor a DNS name that a certificate can hold: {error}",
            hint="write international names in their ASCII form (xn--...)",
        ) from error


def _names(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        return set(
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        )
    except x509.ExtensionNotFound:
        return set()


def _text(name: x509.GeneralName) -> str:
    return str(name.value)


def _usages(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return set()
