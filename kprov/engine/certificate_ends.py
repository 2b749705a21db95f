"""When certificates end that no apply renews: for preflight."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping

from cryptography import x509

from kprov.core.preflight import Certificate
from kprov.model.facts import Facts
from kprov.pki.ca import Authority


def authority_ends(authorities: Iterable[Authority]) -> Iterator[Certificate]:
    """Of the state folder's authorities."""
    for its in authorities:
        start = its.certificate.not_valid_before_utc
        yield Certificate("authority", "controller", its.name, start, its.not_after)


def kubelet_ends(facts: Mapping[str, Facts]) -> Iterator[Certificate]:
    """Of the certificates that kubelets have had signed; what cannot be read is left out."""
    for host, its in facts.items():
        try:
            data = base64.b64decode(its.get("kubelet_certificate"), validate=True)
            found = x509.load_der_x509_certificate(data)
        except (binascii.Error, ValueError):
            continue
        start, end = found.not_valid_before_utc, found.not_valid_after_utc
        yield Certificate("kubelet", host, "kubelet", start, end)
