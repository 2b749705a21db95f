"""Admission plugins: which a release knows, and which need more than their name."""

from __future__ import annotations

from collections.abc import Iterable

from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.spec import ReadSpec
from kprov.model.version import Version

# pkg/kubeapiserver/options/plugins.go of the releases; (first, first without). Releases between
# v1.20 and v1.29 are not installed by kprov: what came in between counts from where it is known.
_SPANS: dict[str, tuple[str | None, str | None]] = {
    "ClusterTrustBundleAttest": ("1.27", None),
    "DenyServiceExternalIPs": ("1.21", None),
    "MutatingAdmissionPolicy": ("1.32", None),
    "PersistentVolumeLabel": (None, "1.31"),
    "PodSecurity": ("1.22", None),
    "PodSecurityPolicy": (None, "1.25"),
    "PodTopologyLabels": ("1.33", None),
    "SecurityContextDeny": (None, "1.30"),
    "ValidatingAdmissionPolicy": ("1.26", None),
}
_EVERYWHERE = frozenset(
    [
        "AlwaysAdmit",
        "AlwaysDeny",
        "AlwaysPullImages",
        "CertificateApproval",
        "CertificateSigning",
        "CertificateSubjectRestriction",
        "DefaultIngressClass",
        "DefaultStorageClass",
        "DefaultTolerationSeconds",
        "EventRateLimit",
        "ExtendedResourceToleration",
        "ImagePolicyWebhook",
        "LimitPodHardAntiAffinityTopology",
        "LimitRanger",
        "MutatingAdmissionWebhook",
        "NamespaceAutoProvision",
        "NamespaceExists",
        "NamespaceLifecycle",
        "NodeRestriction",
        "OwnerReferencesPermissionEnforcement",
        "PersistentVolumeClaimResize",
        "PodNodeSelector",
        "PodTolerationRestriction",
        "Priority",
        "ResourceQuota",
        "RuntimeClass",
        "ServiceAccount",
        "StorageObjectInUseProtection",
        "TaintNodesByCondition",
        "ValidatingAdmissionWebhook",
    ]
)
_NOT_TO_BE_MISSED = {
    "NamespaceLifecycle": "objects could be made in namespaces that are being deleted",
    "NodeRestriction": "every kubelet could change the objects of all others",
    "ServiceAccount": "pods would get no identity",
}
_NEVER = {
    "AlwaysAdmit": "it does nothing, and the CIS benchmark forbids it",
    "AlwaysDeny": "it refuses everything: the cluster would not come up",
    "ImagePolicyWebhook": "it needs a configuration of its own: write an AdmissionConfiguration "
    "and name it in `extra_args: {admission-control-config-file: FILE}`, the plugin in "
    "`extra_args: {enable-admission-plugins: ...}`",
}


def plugins_of(version: Version) -> tuple[str, ...]:
    """The names that this release accepts, sorted."""
    gated = (name for name, (since, until) in _SPANS.items() if _holds(version, since, until))
    return tuple(sorted((*_EVERYWHERE, *gated)))


def check_admission_plugins(read: ReadSpec, findings: Findings) -> None:
    """Names that this release does not know, and what would break the cluster or weaken it."""
    spec = read.spec.kube_apiserver.admission_plugins
    for side, names in (("enable", spec.enable), ("disable", spec.disable)):
        _check_names(read, side, names, findings)
    for number, name in enumerate(spec.enable):
        place = read.place("kube_apiserver", "admission_plugins", "enable", number)
        if name in _NEVER:
            findings.problem(f"admission plugin {name} cannot be enabled", place, _NEVER[name])
        elif name in spec.disable:
            what = f"admission plugin {name} is enabled and disabled"
            findings.problem(what, place, "kube-apiserver refuses that: keep one of the two")
    for name in spec.disable:
        if name in _NOT_TO_BE_MISSED:
            findings.warn(f"admission plugin {name} is disabled: {_NOT_TO_BE_MISSED[name]}")


def _check_names(read: ReadSpec, side: str, names: Iterable[str], findings: Findings) -> None:
    version = read.spec.version
    known = plugins_of(version)
    for number, name in enumerate(names):
        if name in known:
            continue
        place = read.place("kube_apiserver", "admission_plugins", side, number)
        what = f"Kubernetes v{version.minor_text} has no admission plugin {name!r}"
        hint = hint_of(did_you_mean(name, known), _span_hint(name), f"known: {', '.join(known)}")
        findings.problem(what, place, hint)


def _span_hint(name: str) -> str:
    since, until = _SPANS.get(name, (None, None))
    return f"it came with v{since}" if since else f"it is gone since v{until}" if until else ""


def _holds(version: Version, since: str | None, until: str | None) -> bool:
    return (since is None or version.at_least(since)) and not (until and version.at_least(until))
