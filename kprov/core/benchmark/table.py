"""Every check of sections 1 to 4, as a table: number, where, weight, title, what decides.

The benchmark speaks of the manifests of static pods; kprov's components are systemd units, so
their unit files are looked at in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kprov.core.benchmark import closer
from kprov.core.benchmark.files import Mode, Owner
from kprov.core.benchmark.settings import (
    Flags,
    Judged,
    KubeletSetting,
    Manual,
    at_least,
    equals,
    has,
    is_set,
    is_unset,
    lacks,
    strong,
)
from kprov.core.benchmark.subject import Rule

Place = Literal["control-plane", "etcd", "node"]
Weight = Literal["scored", "advice"]


@dataclass(frozen=True, slots=True)
class Check:
    """One row. `advice` is what the benchmark does not score: recommended, or for a person."""

    id: str
    on: Place
    weight: Weight
    title: str
    rule: Rule


def _unit(name: str) -> tuple[str, ...]:
    return (f"/etc/systemd/system/{name}.service",)


_ROOT = ("root",)
_CONF = "/etc/kubernetes/{}.conf"
_CNI = ("/etc/cni/net.d/*",)
_PKI = ("/etc/kubernetes/pki", "/etc/kubernetes/pki/*", "/etc/kubernetes/pki/*/*")
_CERTIFICATES = (
    "/etc/kubernetes/pki/*.crt", "/etc/kubernetes/pki/*/*.crt", "/etc/etcd/pki/*.crt",
)  # fmt: skip
_KEYS = ("/etc/kubernetes/pki/*.key", "/etc/kubernetes/pki/*/*.key", "/etc/etcd/pki/*.key")
_API, _MANAGER, _SCHEDULER, _ETCD = (
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd",
)  # fmt: skip
_PLUGINS, _DISABLED = "enable-admission-plugins", "disable-admission-plugins"
_NO_USERS = "look at who uses {}: people should come by OIDC (`cluster.oidc`)"

# fmt: off
CHECKS: tuple[Check, ...] = (
    # 1.1 files of the control plane
    Check("1.1.1", "control-plane", "scored", "Only root may read kube-apiserver's unit file",
          Mode("0600", _unit(_API))),
    Check("1.1.2", "control-plane", "scored", "Root owns kube-apiserver's unit file",
          Owner(_ROOT, _unit(_API))),
    Check("1.1.3", "control-plane", "scored", "Only root may read the controller manager's unit file",
          Mode("0600", _unit(_MANAGER))),
    Check("1.1.4", "control-plane", "scored", "Root owns the controller manager's unit file",
          Owner(_ROOT, _unit(_MANAGER))),
    Check("1.1.5", "control-plane", "scored", "Only root may read the scheduler's unit file",
          Mode("0600", _unit(_SCHEDULER))),
    Check("1.1.6", "control-plane", "scored", "Root owns the scheduler's unit file",
          Owner(_ROOT, _unit(_SCHEDULER))),
    Check("1.1.7", "etcd", "scored", "Only root may read etcd's unit file",
          Mode("0600", _unit(_ETCD))),
    Check("1.1.8", "etcd", "scored", "Root owns etcd's unit file",
          Owner(_ROOT, _unit(_ETCD))),
    Check("1.1.9", "node", "advice", "Only root may read the pod network's configuration",
          Mode("0600", _CNI)),
    Check("1.1.10", "node", "advice", "Root owns the pod network's configuration",
          Owner(_ROOT, _CNI)),
    Check("1.1.11", "etcd", "scored", "Nobody else may enter etcd's data folder",
          Mode("0700", ("/var/lib/etcd",))),
    Check("1.1.12", "etcd", "scored", "etcd's own user owns its data folder",
          Owner(("etcd",), ("/var/lib/etcd",))),
    Check("1.1.13", "control-plane", "scored", "Only root may read the administrator's kubeconfig",
          Mode("0600", (_CONF.format("admin"),))),
    Check("1.1.14", "control-plane", "scored", "Root owns the administrator's kubeconfig",
          Owner(_ROOT, (_CONF.format("admin"),))),
    Check("1.1.15", "control-plane", "scored", "Nobody else may read the scheduler's kubeconfig",
          Mode("0600", (_CONF.format("scheduler"),))),
    Check("1.1.16", "control-plane", "scored", "Root or the scheduler owns the scheduler's kubeconfig",
          Owner((*_ROOT, _SCHEDULER), (_CONF.format("scheduler"),))),
    Check("1.1.17", "control-plane", "scored", "Nobody else may read the controller manager's kubeconfig",
          Mode("0600", (_CONF.format("controller-manager"),))),
    Check("1.1.18", "control-plane", "scored", "Root or the controller manager owns its kubeconfig",
          Owner((*_ROOT, _MANAGER), (_CONF.format("controller-manager"),))),
    Check("1.1.19", "control-plane", "scored", "Root or the component that uses it owns what is in the PKI folder",
          Owner((*_ROOT, _API, _MANAGER), _PKI)),
    Check("1.1.20", "control-plane", "advice", "Only their owners may change certificates",
          Mode("0644", _CERTIFICATES)),
    Check("1.1.21", "control-plane", "advice", "Only their owners may read private keys",
          Mode("0600", _KEYS)),

    # 1.2 kube-apiserver
    Check("1.2.1", "control-plane", "advice", "Requests without a name are refused",
          Flags(_API, {"anonymous-auth": equals("false")})),
    Check("1.2.2", "control-plane", "scored", "No file with static tokens is used",
          Flags(_API, {"token-auth-file": is_unset})),
    Check("1.2.3", "control-plane", "advice", "Services cannot claim external addresses",
          Judged(closer.deny_external_ips)),
    Check("1.2.4", "control-plane", "scored", "kube-apiserver shows kubelets a certificate",
          Flags(_API, {"kubelet-client-certificate": is_set, "kubelet-client-key": is_set})),
    Check("1.2.5", "control-plane", "scored", "kube-apiserver verifies the certificates of kubelets",
          Flags(_API, {"kubelet-certificate-authority": is_set})),
    Check("1.2.6", "control-plane", "scored", "Not every request is allowed",
          Flags(_API, {"authorization-mode": lambda it: it is not None and lacks("AlwaysAllow")(it)})),
    Check("1.2.7", "control-plane", "scored", "Kubelets read only what belongs to their node",
          Flags(_API, {"authorization-mode": has("Node")})),
    Check("1.2.8", "control-plane", "scored", "Rights are given by RBAC",
          Flags(_API, {"authorization-mode": has("RBAC")})),
    Check("1.2.9", "control-plane", "advice", "Events have a rate limit",
          Flags(_API, {_PLUGINS: has("EventRateLimit")})),
    Check("1.2.10", "control-plane", "scored", "AlwaysAdmit is not used",
          Flags(_API, {_PLUGINS: lacks("AlwaysAdmit")})),
    Check("1.2.11", "control-plane", "advice", "Every pod proves its right to its image",
          Judged(closer.always_pull_images)),
    Check("1.2.12", "control-plane", "scored", "Pods get service accounts",
          Flags(_API, {_DISABLED: lacks("ServiceAccount")})),
    Check("1.2.13", "control-plane", "scored", "Nothing is made in namespaces that are not there",
          Flags(_API, {_DISABLED: lacks("NamespaceLifecycle")})),
    Check("1.2.14", "control-plane", "scored", "Kubelets change only what belongs to their node",
          Flags(_API, {_PLUGINS: has("NodeRestriction")})),
    Check("1.2.15", "control-plane", "scored", "kube-apiserver is not profiled over the network",
          Flags(_API, {"profiling": equals("false")})),
    Check("1.2.16", "control-plane", "scored", "Requests are written down",
          Flags(_API, {"audit-log-path": is_set})),
    Check("1.2.17", "control-plane", "scored", "The audit log is kept for 30 days or more",
          Flags(_API, {"audit-log-maxage": at_least(30)})),
    Check("1.2.18", "control-plane", "scored", "10 files of the audit log or more are kept",
          Flags(_API, {"audit-log-maxbackup": at_least(10)})),
    Check("1.2.19", "control-plane", "scored", "A file of the audit log holds 100 MB or more",
          Flags(_API, {"audit-log-maxsize": at_least(100)})),
    Check("1.2.20", "control-plane", "advice", "Requests have a time limit",
          Flags(_API, {"request-timeout": lambda it: it is None or it not in ("0", "0s")})),
    Check("1.2.21", "control-plane", "scored", "Tokens of deleted service accounts are refused",
          Flags(_API, {"service-account-lookup": equals("true", default=True)})),
    Check("1.2.22", "control-plane", "scored", "Service account tokens are verified with a key of their own",
          Flags(_API, {"service-account-key-file": is_set})),
    Check("1.2.23", "control-plane", "scored", "kube-apiserver shows etcd a certificate",
          Flags(_API, {"etcd-certfile": is_set, "etcd-keyfile": is_set})),
    Check("1.2.24", "control-plane", "scored", "The API is served with a certificate",
          Flags(_API, {"tls-cert-file": is_set, "tls-private-key-file": is_set})),
    Check("1.2.25", "control-plane", "scored", "Clients are known by their certificates",
          Flags(_API, {"client-ca-file": is_set})),
    Check("1.2.26", "control-plane", "scored", "kube-apiserver verifies etcd's certificate",
          Flags(_API, {"etcd-cafile": is_set})),
    Check("1.2.27", "control-plane", "advice", "What is stored can be encrypted",
          Flags(_API, {"encryption-provider-config": is_set})),
    Check("1.2.28", "control-plane", "advice", "What is stored is encrypted",
          Judged(closer.encryption_providers)),
    Check("1.2.29", "control-plane", "advice", "The API takes strong cipher suites only",
          Flags(_API, {"tls-cipher-suites": strong})),
    Check("1.2.30", "control-plane", "scored", "Tokens of pods are not made to last a year",
          Judged(closer.extended_tokens)),

    # 1.3 kube-controller-manager
    Check("1.3.1", "control-plane", "advice", "Pods that have ended are cleared away",
          Flags(_MANAGER, {"terminated-pod-gc-threshold": is_set})),
    Check("1.3.2", "control-plane", "scored", "The controller manager is not profiled over the network",
          Flags(_MANAGER, {"profiling": equals("false")})),
    Check("1.3.3", "control-plane", "scored", "Every controller has an identity of its own",
          Flags(_MANAGER, {"use-service-account-credentials": equals("true")})),
    Check("1.3.4", "control-plane", "scored", "Service account tokens are signed with a key of their own",
          Flags(_MANAGER, {"service-account-private-key-file": is_set})),
    Check("1.3.5", "control-plane", "scored", "Pods can verify the API's certificate",
          Flags(_MANAGER, {"root-ca-file": is_set})),
    Check("1.3.6", "control-plane", "scored", "Rotation of kubelets' serving certificates is not turned off",
          Flags(_MANAGER, {"feature-gates": lacks("RotateKubeletServerCertificate=false")})),
    Check("1.3.7", "control-plane", "scored", "The controller manager listens on this host only",
          Flags(_MANAGER, {"bind-address": equals("127.0.0.1")})),

    # 1.4 kube-scheduler
    Check("1.4.1", "control-plane", "scored", "The scheduler is not profiled over the network",
          Flags(_SCHEDULER, {"profiling": equals("false")})),
    Check("1.4.2", "control-plane", "scored", "The scheduler listens on this host only",
          Flags(_SCHEDULER, {"bind-address": equals("127.0.0.1")})),

    # 2 etcd
    Check("2.1", "etcd", "scored", "etcd serves clients with a certificate",
          Flags(_ETCD, {"cert-file": is_set, "key-file": is_set})),
    Check("2.2", "etcd", "scored", "Clients of etcd have to show certificates",
          Flags(_ETCD, {"client-cert-auth": equals("true")})),
    Check("2.3", "etcd", "scored", "etcd does not make itself certificates for clients",
          Flags(_ETCD, {"auto-tls": equals("false", default=True)})),
    Check("2.4", "etcd", "scored", "etcd serves peers with a certificate",
          Flags(_ETCD, {"peer-cert-file": is_set, "peer-key-file": is_set})),
    Check("2.5", "etcd", "scored", "Peers of etcd have to show certificates",
          Flags(_ETCD, {"peer-client-cert-auth": equals("true")})),
    Check("2.6", "etcd", "scored", "etcd does not make itself certificates for peers",
          Flags(_ETCD, {"peer-auto-tls": equals("false", default=True)})),
    Check("2.7", "etcd", "advice", "etcd has an authority of its own",
          Judged(closer.etcd_authority)),

    # 3 who comes in, and what is written down
    Check("3.1.1", "control-plane", "advice", "People do not come with client certificates",
          Manual(_NO_USERS.format("client certificates"))),
    Check("3.1.2", "control-plane", "advice", "People do not come with service account tokens",
          Manual(_NO_USERS.format("tokens of service accounts"))),
    Check("3.1.3", "control-plane", "advice", "People do not come with bootstrap tokens",
          Flags(_API, {"enable-bootstrap-token-auth": equals("false", default=True)})),
    Check("3.2.1", "control-plane", "advice", "There is an audit policy",
          Judged(closer.audit_policy)),
    Check("3.2.2", "control-plane", "advice", "The audit policy covers what matters",
          Judged(closer.audited_concerns)),

    # 4.1 files of nodes
    Check("4.1.1", "node", "scored", "Only root may read the kubelet's unit file",
          Mode("0600", _unit("kubelet"))),
    Check("4.1.2", "node", "scored", "Root owns the kubelet's unit file",
          Owner(_ROOT, _unit("kubelet"))),
    Check("4.1.3", "node", "advice", "Only root may read kube-proxy's kubeconfig",
          Mode("0600", (_CONF.format("kube-proxy"),))),
    Check("4.1.4", "node", "advice", "Root owns kube-proxy's kubeconfig",
          Owner(_ROOT, (_CONF.format("kube-proxy"),))),
    Check("4.1.5", "node", "scored", "Only root may read the kubelet's kubeconfig",
          Mode("0600", ("/var/lib/kubelet/kubeconfig",))),
    Check("4.1.6", "node", "scored", "Root owns the kubelet's kubeconfig",
          Owner(_ROOT, ("/var/lib/kubelet/kubeconfig",))),
    Check("4.1.7", "node", "advice", "Only root may change the cluster's authority",
          Mode("0644", ("/etc/kubernetes/pki/ca.crt",))),
    Check("4.1.8", "node", "advice", "Root owns the cluster's authority",
          Owner(_ROOT, ("/etc/kubernetes/pki/ca.crt",))),
    Check("4.1.9", "node", "scored", "Only root may read the kubelet's configuration",
          Mode("0600", ("/etc/kubernetes/kubelet.yaml",))),
    Check("4.1.10", "node", "scored", "Root owns the kubelet's configuration",
          Owner(_ROOT, ("/etc/kubernetes/kubelet.yaml",))),

    # 4.2 kubelet
    Check("4.2.1", "node", "scored", "The kubelet refuses requests without a name",
          KubeletSetting("authentication.anonymous.enabled", "anonymous-auth", equals("false"))),
    Check("4.2.2", "node", "scored", "The kubelet asks whether a request is allowed",
          KubeletSetting("authorization.mode", "authorization-mode", equals("Webhook"))),
    Check("4.2.3", "node", "scored", "The kubelet knows its clients by their certificates",
          KubeletSetting("authentication.x509.clientCAFile", "client-ca-file", is_set)),
    Check("4.2.4", "node", "advice", "The kubelet's port without authentication is closed",
          KubeletSetting("readOnlyPort", "read-only-port", equals("0", default=True))),
    Check("4.2.5", "node", "advice", "Idle streams are closed some time",
          KubeletSetting("streamingConnectionIdleTimeout", "streaming-connection-idle-timeout",
                         lambda it: it not in ("0", "0s"))),
    Check("4.2.6", "node", "scored", "The kubelet keeps its iptables rules",
          KubeletSetting("makeIPTablesUtilChains", "make-iptables-util-chains",
                         equals("true", default=True))),
    Check("4.2.7", "node", "advice", "The node has the name of its host",
          Judged(closer.hostname_override)),
    Check("4.2.8", "node", "advice", "Events of the kubelet have a sensible rate",
          KubeletSetting("eventRecordQPS", "event-qps", lambda it: it is None or at_least(0)(it))),
    Check("4.2.9", "node", "advice", "The kubelet serves with a certificate of the cluster",
          KubeletSetting("tlsCertFile", "tls-cert-file", is_set)),
    Check("4.2.10", "node", "scored", "The kubelet renews its client certificate",
          KubeletSetting("rotateCertificates", "rotate-certificates", equals("true", default=True))),
    Check("4.2.11", "node", "advice", "Rotation of the kubelet's serving certificate is not turned off",
          KubeletSetting("featureGates.RotateKubeletServerCertificate", "feature-gates",
                         lambda it: it is None or not it.endswith("false"))),
    Check("4.2.12", "node", "advice", "The kubelet takes strong cipher suites only",
          KubeletSetting("tlsCipherSuites", "tls-cipher-suites", strong)),
    Check("4.2.13", "node", "advice", "Pods have a limit of processes",
          KubeletSetting("podPidsLimit", "pod-max-pids", at_least(1))),
    Check("4.2.14", "node", "advice", "Pods without a seccomp profile get the runtime's",
          Judged(closer.seccomp_default)),
    Check("4.2.15", "node", "advice", "The kubelet's unit says whom it may talk to",
          Manual("IPAddressDeny= of the unit: only you know which networks its probes, registries "
                 "and volumes are in")),

    # 4.3 kube-proxy
    Check("4.3.1", "node", "scored", "kube-proxy's metrics are for this host only",
          Flags("kube-proxy", {"metrics-bind-address":
                               lambda it: it is None or it.startswith("127.0.0.1")})),
)
# fmt: on
