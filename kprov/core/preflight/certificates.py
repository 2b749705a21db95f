"""Certificates that no apply renews: authorities, and those that kubelets renew by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kprov.core.preflight.place import Finding

AUTHORITY_WARNING = timedelta(days=180)
KUBELET_SHARE = 0.1
"""Of a certificate's life: kubelets renew theirs when 10 to 30 % of it is left
(k8s.io/client-go/util/certificate, nextRotationDeadline)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate's time; `host` has it, an authority is the controller's."""

    kind: Literal["authority", "kubelet"]
    host: str
    name: str
    not_before: datetime
    not_after: datetime


def ends(certificates: Sequence[Certificate], now: datetime) -> Iterator[Finding]:
    """Those that have ended, or soon will."""
    for its in certificates:
        yield from _authority(its, now) if its.kind == "authority" else _kubelet(its, now)


def _authority(its: Certificate, now: datetime) -> Iterator[Finding]:
    """One that has ended is refused where it is read."""
    if its.not_after - now < AUTHORITY_WARNING:
        what = f"the {its.name} authority ends on {its.not_after:%Y-%m-%d}"
        yield Finding(its.host, "warning", what, "all certificates that it has signed end with it")


def _kubelet(its: Certificate, now: datetime) -> Iterator[Finding]:
    hint = (
        "its kubelet has not renewed it: remove /var/lib/kubelet/pki/kubelet-client-current.pem "
        "there, and apply lets it in again"
    )
    if its.not_after <= now:
        what = f"the kubelet's certificate has ended on {its.not_after:%Y-%m-%d}"
        yield Finding(its.host, "error", what, hint)
    elif its.not_after - now < KUBELET_SHARE * (its.not_after - its.not_before):
        what = f"the kubelet's certificate ends on {its.not_after:%Y-%m-%d}"
        yield Finding(its.host, "warning", what, hint)
