"""The kernel: its age, its modules, cgroups, swap, ports that it hands out."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place
from kprov.model.version import Version

OLDEST_KERNEL = "4.19"
"""Oldest kernel for current kubelets (kubernetes.io, "Kernel Version Requirements")."""
NEEDED_MODULES = {"overlay", "br_netfilter", "nf_conntrack"}
"""What no node does without; others depend on what else a host has."""
NODE_PORTS = "30000-32767"
"""Default of kube-apiserver's --service-node-port-range."""


def age(place: Place) -> Iterator[Finding]:
    """Not too old for kubelets."""
    text = place.facts.get("kernel").removeprefix("Linux ").split("-")[0].split("+")[0]
    try:
        version = Version.parse(".".join(text.split(".")[:3]))
    except ValueError:
        return
    if not version.at_least(OLDEST_KERNEL):
        yield place.warning(
            f"kernel {text} is older than {OLDEST_KERNEL}", "update the host's kernel"
        )


def modules(place: Place) -> Iterator[Finding]:
    """Those that are wanted are there, or can be loaded."""
    lacking = place.facts.get("modules_lacking").split()
    if not lacking:
        return
    hint = "install the kernel's package of extra modules"
    if place.facts.get("modules_folder") == "no":
        release = place.facts.get("kernel").removeprefix("Linux ")
        hint = f"/lib/modules/{release} is gone: reboot into the kernel that is installed"
    finding = place.error if NEEDED_MODULES & set(lacking) else place.warning
    yield finding(f"the kernel has no module {', '.join(lacking)}", hint)


def cgroup(place: Place) -> Iterator[Finding]:
    """The cgroup version that this kubelet wants."""
    version = place.inventory.cluster.version
    if place.is_node and place.facts.get("cgroup") == "v1" and version.at_least("1.35"):
        yield place.warning(
            "cgroup v1, which kubelets from v1.35 on accept only as an exception",
            "boot with systemd.unified_cgroup_hierarchy=1",
        )


def swap(place: Place) -> Iterator[Finding]:
    """Apply turns it off."""
    if place.is_node and place.facts.number("swap"):
        yield place.warning("swap is on: apply turns it off", "take it out of /etc/fstab as well")


def node_ports(place: Place) -> Iterator[Finding]:
    """No NodePort is given to a connection that goes out (ip-sysctl: ip_local_port_range)."""
    words = place.facts.get("ephemeral_ports").split()
    own = place.inventory.cluster.kube_apiserver.extra_args.get("service-node-port-range")
    nodes, kernels = _range(str(own or NODE_PORTS)), _range(words[0]) if words else None
    if not place.is_node or nodes is None or kernels is None:
        return
    shared = range(max(nodes.start, kernels.start), min(nodes.stop, kernels.stop))
    reserved = [its for word in words[1:] for its in map(_range, word.split(",")) if its]
    if shared and not any(shared.start in its and shared[-1] in its for its in reserved):
        span = f"{nodes.start}-{nodes[-1]}"
        yield place.warning(
            f"the kernel hands out ports {words[0]} to connections, NodePorts are {span}",
            f"sysctl net.ipv4.ip_local_reserved_ports={span}",
        )


def _range(text: str) -> range | None:
    """Ports from a text `30000-32767` or `8080`; None for anything else."""
    first, dash, last = text.partition("-")
    last = last if dash else first
    if first.isdecimal() and last.isdecimal() and int(first) <= int(last):
        return range(int(first), int(last) + 1)
    return None
