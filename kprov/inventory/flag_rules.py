"""`extra_args` against what kprov sets itself: what wins, and why, or why it cannot be.

What is in none of these tables is not kprov's: it goes to the component as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from kprov.inventory.findings import Findings
from kprov.inventory.spec import ReadSpec
from kprov.model.cluster import ClusterSpec

_CERTIFICATES = "kprov makes, installs and renews these certificates and keys"
_KUBECONFIG = "kprov makes this component's identity"
_MEMBERSHIP = "members of etcd find each other by what the inventory says"
_AGGREGATION = "extension apiservers trust kprov's front-proxy authority"
_ENCRYPTION = "with another key nobody could read the Secrets that are there"

ESSENTIAL: Mapping[str, Mapping[str, str]] = {
    "kube_apiserver": {
        **dict.fromkeys(
            (
                "client-ca-file", "tls-cert-file", "tls-private-key-file", "etcd-cafile",
                "etcd-certfile", "etcd-keyfile", "kubelet-certificate-authority",
                "kubelet-client-certificate", "kubelet-client-key", "service-account-key-file",
                "service-account-signing-key-file",
            ),
            _CERTIFICATES,
        ),
        **dict.fromkeys(
            (
                "proxy-client-cert-file", "proxy-client-key-file", "requestheader-client-ca-file",
                "requestheader-allowed-names", "requestheader-username-headers",
                "requestheader-group-headers", "requestheader-extra-headers-prefix",
            ),
            _AGGREGATION,
        ),
        "advertise-address": "it is the host's address: `ip` in the inventory",
        "allow-privileged": "the pod network and kube-proxy's kind need privileged pods",
        "etcd-servers": "they are the hosts of the group etcd",
        "encryption-provider-config": _ENCRYPTION,
        "secure-port": "use `cluster.kube_apiserver.port`: kubeconfigs and checks follow it",
        "service-cluster-ip-range": "use `cluster.network.services`: certificates follow it",
        "service-account-issuer": "every token in the cluster is bound to it",
        "api-audiences": "every token in the cluster is bound to it",
    },
    "kube_controller_manager": {
        **dict.fromkeys(
            (
                "cluster-signing-cert-file", "cluster-signing-key-file", "root-ca-file",
                "service-account-private-key-file",
            ),
            _CERTIFICATES,
        ),
        **dict.fromkeys(
            ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"), _KUBECONFIG
        ),
        "cluster-name": "use `cluster.name`",
        "cluster-cidr": "use `cluster.network.pods`",
        "node-cidr-mask-size": "use `cluster.network.node_mask`",
        "service-cluster-ip-range": "use `cluster.network.services`",
        "allocate-node-cidrs": "it follows `cluster.network.cni`",
    },
    "kube_scheduler": dict.fromkeys(
        ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "config"),
        _KUBECONFIG,
    ),
    "kube_proxy": {
        "kubeconfig": _KUBECONFIG,
        "config": "kube-proxy would ignore all flags beside it",
        "hostname-override": "nodes are called as hosts in the inventory",
        "proxy-mode": "use `cluster.network.proxy`: tools and modules follow it",
        "cluster-cidr": "use `cluster.network.pods`",
    },
    "kubelet": {
        "config": "use `cluster.kubelet.config`: it is merged into kprov's",
        "kubeconfig": _KUBECONFIG,
        "bootstrap-kubeconfig": _KUBECONFIG,
        "hostname-override": "nodes are called as hosts in the inventory",
        "container-runtime": "kprov runs containerd",
        "container-runtime-endpoint": "kprov runs containerd",
    },
    "etcd": {
        **dict.fromkeys(
            (
                "name", "data-dir", "listen-client-urls", "advertise-client-urls",
                "listen-peer-urls", "initial-advertise-peer-urls", "initial-cluster",
                "initial-cluster-state", "initial-cluster-token",
            ),
            _MEMBERSHIP,
        ),
        **dict.fromkeys(
            (
                "trusted-ca-file", "cert-file", "key-file", "peer-trusted-ca-file",
                "peer-cert-file", "peer-key-file",
            ),
            _CERTIFICATES,
        ),
        "client-cert-auth": "without it anybody could read and write the whole cluster",
        "peer-client-cert-auth": "without it anybody could read and write the whole cluster",
    },
}  # fmt: skip
"""Flags that `extra_args` may not say: component to flag to the reason or the way to do it."""

TUNABLE: Mapping[str, frozenset[str]] = {
    component: frozenset(flags.split())
    for component, flags in {
        "kube_apiserver": "anonymous-auth authorization-mode enable-admission-plugins "
        "disable-admission-plugins admission-control-config-file tls-min-version "
        "tls-cipher-suites kubelet-preferred-address-types profiling runtime-config feature-gates "
        "audit-policy-file audit-log-path audit-log-maxage audit-log-maxbackup audit-log-maxsize "
        "enable-aggregator-routing goaway-chance service-account-lookup "
        "service-account-extend-token-expiration request-timeout "
        "oidc-issuer-url oidc-client-id oidc-username-claim oidc-username-prefix "
        "oidc-groups-claim oidc-groups-prefix oidc-ca-file oidc-required-claim oidc-signing-algs",
        "kube_controller_manager": "bind-address port tls-min-version tls-cipher-suites "
        "cluster-signing-duration use-service-account-credentials kube-api-qps kube-api-burst "
        "leader-elect feature-gates terminated-pod-gc-threshold profiling",
        "kube_scheduler": "bind-address port tls-min-version tls-cipher-suites leader-elect "
        "feature-gates profiling",
        "kube_proxy": "bind-address feature-gates conntrack-max-per-core conntrack-min "
        "conntrack-tcp-timeout-established conntrack-tcp-timeout-close-wait",
        "kubelet": "node-ip pod-infra-container-image register-with-taints",
        "etcd": "listen-metrics-urls cipher-suites heartbeat-interval election-timeout "
        "quota-backend-bytes auto-compaction-mode auto-compaction-retention logger "
        "experimental-initial-corrupt-check feature-gates "
        "experimental-watch-progress-notify-interval watch-progress-notify-interval",
    }.items()
}
"""Flags that kprov sets and `extra_args` may change: said aloud, for kprov's own is gone then."""

_BETTER: Mapping[str, str] = {
    "enable-admission-plugins": "kube_apiserver.admission_plugins.enable",
    "disable-admission-plugins": "kube_apiserver.admission_plugins.disable",
    "runtime-config": "kube_apiserver.runtime_config",
    "feature-gates": "feature_gates",
    "audit-policy-file": "audit.policy",
    "audit-log-maxage": "audit.days",
    "audit-log-maxbackup": "audit.files",
    "audit-log-maxsize": "audit.megabytes",
    "oidc-issuer-url": "oidc",
}
"""Flags with a field of their own below `cluster`."""
_UNSAFE = {
    ("kube_apiserver", "anonymous-auth", "true"): "whoever reaches the API is asked for no name",
    ("kube_apiserver", "profiling", "true"): "it shows the inside of the process",
    ("kube_controller_manager", "profiling", "true"): "it shows the inside of the process",
    ("kube_scheduler", "profiling", "true"): "it shows the inside of the process",
    ("kube_controller_manager", "use-service-account-credentials", "false"): (
        "then every controller has the rights of all"
    ),
}


def check_flags(read: ReadSpec, findings: Findings) -> None:
    """All `extra_args`; problems and warnings go to `findings`."""
    for component in ESSENTIAL:
        for flag, value in getattr(read.spec, component).extra_args.items():
            _check_flag(component, flag, value, read, findings)


def _check_flag(
    component: str, flag: str, value: object, read: ReadSpec, findings: Findings
) -> None:
    place = read.place(component, "extra_args", flag)
    field = f"`cluster.{component}.extra_args`"
    bare = flag.lstrip("-")
    if bare != flag:
        findings.problem(f"{field} has {flag!r}", place, f"without dashes: {bare}")
    elif flag in ESSENTIAL[component]:
        what = f"{field} sets {flag}, which kprov has to set itself"
        findings.problem(what, place, ESSENTIAL[component][flag])
    elif flag == "authorization-mode" and not {"Node", "RBAC"} <= set(str(value).split(",")):
        what = f"{field} sets authorization-mode to {value}, without Node and RBAC"
        hint = f"kubelets and components would lose their rights: Node,RBAC,{value}"
        findings.problem(what, place, hint)
    elif flag in TUNABLE[component]:
        findings.warn(_warning(component, flag, value, read.spec))


def _warning(component: str, flag: str, value: object, spec: ClusterSpec) -> str:
    """What wins and what is lost by it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    said = f"`cluster.{component}.extra_args.{flag}` wins over kprov's own value"
    unsafe = _UNSAFE.get((component, flag, text))
    if unsafe:
        return f"{said}: {unsafe}"
    if flag == "feature-gates" and spec.feature_gates:
        return f"{said}: `cluster.feature_gates` does not reach {component.replace('_', '-')}"
    if flag in _BETTER:
        return f"{said} and is not checked: `cluster.{_BETTER[flag]}` is"
    return said
