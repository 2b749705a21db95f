"""What is asked of the API, as far as it can be wrong before any host is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from kprov.inventory.admission_plugins import check_admission_plugins
from kprov.inventory.audit_policy import check_audit_policy
from kprov.inventory.feature_gates import check_feature_gates
from kprov.inventory.findings import Findings
from kprov.inventory.flag_rules import check_flags
from kprov.inventory.spec import ReadSpec
from kprov.inventory.text_files import read_texts

# kube-apiserver's reference, --runtime-config
_API_WORDS = "api/all, api/ga, api/beta, api/alpha, or a version such as batch/v1beta1"
_API = re.compile(r"api/(all|ga|beta|alpha)|v1|[a-z0-9.-]+/v\d+((alpha|beta)\d+)?(/[a-z]+)?")


def check_api(read: ReadSpec, folder: Path, findings: Findings) -> Mapping[str, str]:
    """All rules about the API's options; the text files that the spec names come back."""
    texts = read_texts(read, folder, findings)
    check_feature_gates(read, findings)
    check_admission_plugins(read, findings)
    check_flags(read, findings)
    _check_runtime_config(read, findings)
    _check_oidc(read, texts, findings)
    policy = read.spec.audit.policy
    if policy is not None and policy in texts:
        check_audit_policy(texts[policy], policy, findings)
    return texts


def _check_runtime_config(read: ReadSpec, findings: Findings) -> None:
    for name, served in read.spec.kube_apiserver.runtime_config.items():
        place = read.place("kube_apiserver", "runtime_config", name)
        if not _API.fullmatch(name):
            what = f"`cluster.kube_apiserver.runtime_config` has {name!r}, expected {_API_WORDS}"
            findings.problem(what, place)
        elif not served and name in ("api/all", "api/ga", "v1"):
            what = f"`cluster.kube_apiserver.runtime_config` turns {name} off"
            findings.problem(what, place, "without it no Kubernetes component can work")


def _check_oidc(read: ReadSpec, texts: Mapping[str, str], findings: Findings) -> None:
    oidc = read.spec.oidc
    if oidc is None or not read.good("oidc"):
        return
    _check_issuer(oidc.issuer_url, read, findings)
    if not oidc.signing_algorithms:
        what = "`cluster.oidc.signing_algorithms` is empty: no token would be accepted"
        findings.problem(what, read.place("oidc", "signing_algorithms"), "such as [RS256]")
    if oidc.groups_claim and oidc.groups_prefix is None:
        findings.warn(
            "`cluster.oidc.groups_claim` without `groups_prefix`: a provider that lets people "
            "choose groups could make them system:masters"
        )
    if oidc.ca_file in texts:
        _check_authority(oidc.ca_file or "", texts, read, findings)


def _check_issuer(issuer: str, read: ReadSpec, findings: Findings) -> None:
    """--oidc-issuer-url; OpenID Connect Discovery 1.0, section 3: https, no query, no fragment."""
    address, place = urlsplit(issuer), read.place("oidc", "issuer_url")
    what = f"`cluster.oidc.issuer_url` is {issuer!r}, expected an https:// address"
    if address.scheme != "https" or not address.hostname:
        findings.problem(what, place, "kube-apiserver accepts no other")
    elif address.query or address.fragment or address.username:
        findings.problem(what, place, "without user, ?query and #fragment")
    elif issuer == f"https://kubernetes.default.svc.{read.spec.network.domain}":
        what = f"`cluster.oidc.issuer_url` is {issuer}: that is the cluster's own issuer"
        findings.problem(what, place, "name the provider that people log in at")


def _check_authority(
    file: str, texts: Mapping[str, str], read: ReadSpec, findings: Findings
) -> None:
    try:
        x509.load_pem_x509_certificates(texts[file].encode())
    except ValueError:
        what = f"`cluster.oidc.ca_file` is {file}: there is no certificate in it"
        hint = "expected PEM: -----BEGIN CERTIFICATE-----"
        findings.problem(what, read.place("oidc", "ca_file"), hint)
