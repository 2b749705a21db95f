"""What a host is: Linux, systemd, tools, kernel."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place
from kprov.model.version import Version

NEEDED_TOOLS = ("systemctl", "tar", "gzip", "base64", "sha256sum", "timeout")
OLDEST_KERNEL = "4.19"
"""Oldest kernel for current kubelets (kubernetes.io, "Kernel Version Requirements")."""


def system(place: Place) -> Iterator[Finding]:
    """Linux with systemd, an architecture that there are binaries for, the tools of payloads."""
    facts = place.facts
    if not facts.get("kernel").startswith("Linux"):
        yield place.error(f"runs {facts.get('kernel')}, expected Linux")
        return
    if not facts.flag("systemd"):
        yield place.error(
            "systemd does not run here", "kprov makes systemd units: use a host with systemd"
        )
    if facts.get("arch") not in ("x86_64", "aarch64"):
        yield place.error(f"architecture {facts.get('arch')}, expected x86_64 or aarch64")
    missing = [tool for tool in NEEDED_TOOLS if not facts.flag(f"tool_{tool}")]
    if missing:
        yield place.error(
            f"missing: {', '.join(missing)}", "install them with the host's package manager"
        )


def kernel(place: Place) -> Iterator[Finding]:
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


def iptables(place: Place) -> Iterator[Finding]:
    """What the bridge network and kube-proxy write their rules with."""
    spec = place.inventory.cluster.network
    wanted = place.is_node and (spec.cni == "bridge" or spec.proxy in ("auto", "iptables"))
    if wanted and not place.facts.flag("tool_iptables"):
        yield place.error("iptables is missing: kube-proxy and pods need it", "install iptables")
