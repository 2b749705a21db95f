"""Version gates: the one place that knows which release has which flag, field or plugin name.

Roles ask `gate.NAME` in templates and `when`, the rest of kprov `gate_holds`; nothing else compares
versions. Every gate is a span of releases of one component with the reason and the official source.
Supported are Kubernetes v1.20 and v1.29 to v1.37, etcd 3.4 to 3.7, containerd 1.6 to 2.x, CNI
plugins 1.x.

Looked at and found to need no gate: the kube-apiserver's own insecure port (v1.20 accepts only 0,
the default); `--network-plugin` (dockershim's alone); `--logtostderr` and `--pod-eviction-timeout`
(never set by kprov); containerd's config version 4 (2.3 reads 3 as well).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kprov.model.version import Version

Component = Literal["kubernetes", "etcd", "containerd", "cni_plugins"]


@dataclass(frozen=True, slots=True)
class Gate:
    """True for releases of `component` from `since` (inclusive) to `until` (exclusive).

    `what` says what follows from it; `source` is where upstream says so.
    """

    name: str
    component: Component
    what: str
    source: str
    since: str | None = None
    until: str | None = None

    def holds(self, version: Version) -> bool:
        """Whether that release is in the span; suffixes such as -rc.1 do not matter."""
        started = self.since is None or version.at_least(self.since)
        return started and (self.until is None or not version.at_least(self.until))


_CHANGELOG = "https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-{}.md"
_KUBELET_CONFIG = "https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/"
_ETCD_3_6 = "https://etcd.io/docs/v3.6/upgrades/upgrade_3_6/"
_CONTAINERD_2 = "https://github.com/containerd/containerd/blob/main/docs/containerd-2.0.md"

GATES: tuple[Gate, ...] = (
    # --- objects
    Gate(
        "namespace_name_label",
        "kubernetes",
        "every namespace has the label kubernetes.io/metadata.name",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/",
        since="1.21",
    ),
    # --- kube-controller-manager, kube-scheduler
    Gate(
        "insecure_port_flag",
        "kubernetes",
        "controller manager and scheduler serve plain HTTP unless --port=0; "
        "v1.23 has no such port any more, v1.24 no such flag",
        _CHANGELOG.format("1.23"),
        until="1.23",
    ),
    # --- kube-apiserver
    Gate(
        "pod_security",
        "kubernetes",
        "the admission plugin PodSecurity with its stable configuration; before v1.25 there was "
        "PodSecurityPolicy, which kprov never used",
        "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
        since="1.25",
    ),
    Gate(
        "deny_external_ips",
        "kubernetes",
        "the admission plugin DenyServiceExternalIPs",
        "https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#denyserviceexternalips",
        since="1.21",
    ),
    # --- kubelet
    Gate(
        "container_runtime_flag",
        "kubernetes",
        "--container-runtime=remote: without it v1.20 looks for Docker; removed in v1.27",
        _CHANGELOG.format("1.27"),
        until="1.27",
    ),
    Gate(
        "runtime_endpoint_field",
        "kubernetes",
        "containerRuntimeEndpoint in KubeletConfiguration in place of the flag",
        _CHANGELOG.format("1.27"),
        since="1.27",
    ),
    Gate(
        "sandbox_image_flag",
        "kubernetes",
        "--pod-infra-container-image keeps the sandbox image from being collected as garbage; "
        "deprecated since runtimes pin it themselves, removed in v1.35",
        _CHANGELOG.format("1.35"),
        until="1.35",
    ),
    Gate(
        "seccomp_default",
        "kubernetes",
        "seccompDefault in KubeletConfiguration works without a feature gate",
        "https://kubernetes.io/docs/tutorials/security/seccomp/",
        since="1.25",
    ),
    Gate(
        "taints_field",
        "kubernetes",
        "registerWithTaints in KubeletConfiguration in place of --register-with-taints",
        _CHANGELOG.format("1.23"),
        since="1.23",
    ),
    Gate(
        "graceful_node_shutdown",
        "kubernetes",
        "shutdownGracePeriod works without a feature gate",
        "https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/",
        since="1.21",
    ),
    Gate(
        "slow_first_node_status",
        "kubernetes",
        "the kubelet reports a node that has become ready only with its next periodic status, "
        "10 s later, unless spec.podCIDR is set; later ones at once (fastNodeStatusUpdate)",
        "https://github.com/kubernetes/kubernetes/blob/v1.29.0/pkg/kubelet/kubelet_node_status.go",
        until="1.29",
    ),
    Gate(
        "fail_cgroup_v1_field",
        "kubernetes",
        "failCgroupV1 in KubeletConfiguration; true by default since v1.35, "
        "so a cgroup v1 host needs it false",
        _KUBELET_CONFIG,
        since="1.31",
    ),
    Gate(
        "master_role",
        "kubernetes",
        "control planes carry the taint (and also the label) node-role.kubernetes.io/master",
        "https://kubernetes.io/blog/2022/04/07/upcoming-changes-in-kubernetes-1-24/",
        until="1.24",
    ),
    Gate(
        "dual_stack_feature_gate",
        "kubernetes",
        "IPv4 and IPv6 together only with the feature gate IPv6DualStack, on apiserver, controller "
        "manager, kubelet and kube-proxy; kubelet --node-ip takes two addresses since v1.20",
        "https://kubernetes.io/docs/concepts/services-networking/dual-stack/",
        until="1.21",
    ),
    # --- kube-proxy
    Gate(
        "conntrack_tool",
        "kubernetes",
        "kube-proxy forgets stale UDP flows with the conntrack program, later by itself",
        "https://github.com/kubernetes/kubernetes/pull/126847",
        until="1.32",
    ),
    Gate(
        "nftables_proxy",
        "kubernetes",
        "kube-proxy has the mode nftables",
        "https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables",
        since="1.29",
    ),
    Gate(
        "nftables_proxy_stable",
        "kubernetes",
        "the mode nftables is stable, so `proxy: auto` takes it for new clusters; upstream's own "
        "default stays iptables for compatibility",
        "https://kubernetes.io/blog/2025/02/28/nftables-kube-proxy/",
        since="1.33",
    ),
    Gate(
        "nftables_feature_gate",
        "kubernetes",
        "proxy mode nftables is alpha: feature gate NFTablesProxyMode",
        "https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables",
        until="1.31",
    ),
    # --- etcd
    Gate(
        "etcd_experimental_flags",
        "etcd",
        "--experimental-initial-corrupt-check, --experimental-watch-progress-notify-interval; "
        "deprecated in 3.6, gone in 3.7",
        _ETCD_3_6,
        until="3.6",
    ),
    Gate(
        "etcd_feature_gates",
        "etcd",
        "--feature-gates=InitialCorruptCheck=true, --watch-progress-notify-interval",
        _ETCD_3_6,
        since="3.6",
    ),
    Gate(
        "etcd_arm64_unsupported",
        "etcd",
        "on arm64 it starts only with ETCD_UNSUPPORTED_ARCH=arm64",
        "https://etcd.io/docs/v3.5/op-guide/supported-platform/",
        until="3.5",
    ),
    # --- containerd and CNI
    Gate(
        "containerd_config_v3",
        "containerd",
        "config version 3: io.containerd.cri.v1.images and .runtime in place of grpc.v1.cri, "
        "pinned_images.sandbox in place of sandbox_image",
        _CONTAINERD_2,
        since="2.0",
    ),
    Gate(
        "containerd_cni_bin_dirs",
        "containerd",
        "cni.bin_dirs, a list, in place of cni.bin_dir",
        "https://github.com/containerd/containerd/releases/tag/v2.1.0",
        since="2.1",
    ),
    Gate(
        "cni_version_1",
        "cni_plugins",
        'plugins read cniVersion "1.0.0"; later ones still do',
        "https://github.com/containernetworking/plugins/releases/tag/v1.0.0",
        since="1.0",
    ),
)


def gate_holds(name: str, version: Version) -> bool:
    """One gate, for a release of its component; KeyError for a gate that is not there."""
    return {gate.name: gate for gate in GATES}[name].holds(version)


def gates_for(versions: Mapping[str, str]) -> dict[str, bool]:
    """Every gate by name, for these versions by component.

    KeyError when a component that a gate asks for has no version.
    """
    parsed = {name: Version.parse(text) for name, text in versions.items()}
    return {gate.name: gate.holds(parsed[gate.component]) for gate in GATES}
