"""Kubespray's variables: those that mean the same are honoured, the rest is reported as ignored.

Names: Kubespray's docs/ansible/vars.md and its sample group_vars.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory.connection import HostValues
from kprov.inventory.entries import Var
from kprov.inventory.findings import Findings
from kprov.inventory.node_vars import NAMES as NODE_VARS

Path = tuple[str, ...]
Setting = tuple[Path, Marked]
"""A path in the cluster spec and the value for it."""

# Later lines win where two mean the same.
_SAME: dict[str, Path] = {
    "kube_version": ("kubernetes",),
    "kube_pods_subnet": ("network", "pods"),
    "kube_service_addresses": ("network", "services"),
    "kube_network_node_prefix": ("network", "node_mask"),
    "kube_proxy_mode": ("network", "proxy"),
    "cluster_name": ("network", "domain"),
    "dns_domain": ("network", "domain"),
    "supplementary_addresses_in_ssl_keys": ("kube_apiserver", "extra_sans"),
    "kube_apiserver_port": ("kube_apiserver", "port"),
    "etcd_version": ("versions", "etcd"),
    "containerd_version": ("versions", "containerd"),
    "runc_version": ("versions", "runc"),
    "cni_version": ("versions", "cni_plugins"),
    "crictl_version": ("versions", "crictl"),
    "coredns_version": ("versions", "coredns"),
}
_BRING_YOUR_OWN = ("cni", "none", "cloud")
IGNORED = "nothing to kprov and will be ignored:"
HOST_VARS = ("ip", "ip6", "access_ip", "bin_dir", *NODE_VARS)
"""Per-host variables that keep their meaning."""
_SWITCHES = ("kube_reserved", "system_reserved")
_KUBESPRAYS = re.compile(
    r"^(kube|kubelet|kubeadm|kubectl|kubernetes|etcd|containerd|docker|crio|cri_o|runc|calico|cilium|"
    r"flannel|weave|macvlan|nodelocaldns|coredns|dns|skydns|loadbalancer_apiserver|ingress_nginx|"
    r"metallb|metrics_server|cert_manager|local_path_provisioner|helm|krew|argocd|registry|"
    r"credentials|download|auto_renew|node_feature_discovery|gateway_api)_"
)


def settings_of(host: HostValues, findings: Findings) -> tuple[Setting, ...]:
    """The cluster settings that one host's variables (the first control plane's) hold."""
    settings: list[Setting] = []
    for name, path in _SAME.items():
        if host.values.get(name) not in (None, ""):
            settings.append((path, _marked(host, name)))
    for name, rule in _RULES.items():
        if host.values.get(name) is not None:
            settings += rule(host, name, findings)
    return tuple(settings)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which variables mean something to kprov.

    `roles`: what the shipped roles and those beside the inventory have defaults for. With a
    cluster spec other variables may be for the user's own templates, so only names that are
    Kubespray's count as ignored; without one the inventory was written for another tool.
    """

    roles: frozenset[str]
    has_spec: bool

    def ignores(self, name: str, variable: Var) -> bool:
        """Whether a variable has no meaning here."""
        if is_switch(name, variable):
            return True
        if name in self.roles or name in HONOURED or name in HOST_VARS:
            return False
        if name.startswith("ansible_"):
            return False
        return not self.has_spec or bool(_KUBESPRAYS.match(name))


def is_switch(name: str, variable: Var) -> bool:
    """Whether this is Kubespray's true or false where kprov's roles have a mapping of that name."""
    return name in _SWITCHES and isinstance(variable.value.value, bool)


def ignored_warning(names: Iterable[str]) -> str:
    """One sentence about all ignored variables."""
    listed = sorted(set(names))
    head = "1 variable means" if len(listed) == 1 else f"{len(listed)} variables mean"
    return f"{head} {IGNORED} {', '.join(listed)}"


def _marked(host: HostValues, name: str) -> Marked:
    value = host.values[name]
    marked = mark(value, host.place(name))
    if isinstance(value, (dict, list, str)):
        return marked
    return Marked(marked.value, marked.location, host.text_as_written(name))


def _container_manager(host: HostValues, name: str, findings: Findings) -> Iterator[Setting]:
    if host.values[name] != "containerd":
        what = f"container_manager is {host.values[name]!r}, expected 'containerd'"
        findings.problem(what, host.place(name), "kprov runs containers with containerd only")
    return iter(())


def _network_plugin(host: HostValues, name: str, findings: Findings) -> Iterator[Setting]:
    plugin = host.values[name]
    if plugin in _BRING_YOUR_OWN:
        yield ("network", "cni"), mark("none", host.place(name))
    else:
        findings.warn(
            f"{host.place(name)}: kprov does not install {plugin}; pods are connected by `bridge`. "
            "To install it yourself set `cluster.network.cni: none`"
        )


def _dns_mode(host: HostValues, name: str, _: Findings) -> Iterator[Setting]:
    with_dns = host.values[name] not in ("none", "manual", False)
    yield ("network", "dns"), mark(with_dns, host.place(name))


def _proxy_remove(host: HostValues, name: str, _: Findings) -> Iterator[Setting]:
    if str(host.values[name]).lower() in ("true", "yes", "1"):
        yield ("network", "proxy"), mark("none", host.place(name))


def _load_balancer(host: HostValues, name: str, findings: Findings) -> Iterator[Setting]:
    value, place = host.values[name], host.place(name)
    if not isinstance(value, dict) or not value.get("address"):
        hint = "write `{address: 192.0.2.10, port: 6443}`"
        findings.problem(f"{name} has no address", place, hint)
        return
    port = value.get("port") or host.values.get("kube_apiserver_port") or 6443
    yield ("endpoint",), mark(f"{value['address']}:{port}", place)


_RULES: dict[str, Callable[[HostValues, str, Findings], Iterator[Setting]]] = {
    "container_manager": _container_manager,
    "kube_network_plugin": _network_plugin,
    "dns_mode": _dns_mode,
    "kube_proxy_remove": _proxy_remove,
    "loadbalancer_apiserver": _load_balancer,
}

HONOURED = frozenset((*_SAME, *_RULES))
"""Every variable of Kubespray that means something to kprov."""
