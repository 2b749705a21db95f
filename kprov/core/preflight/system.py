"""What a host is: Linux with systemd, and the tools that kprov and nodes need."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place

NEEDED_TOOLS = ("systemctl", "tar", "gzip", "base64", "sha256sum", "timeout")


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


def iptables(place: Place) -> Iterator[Finding]:
    """What kprov's pod networks and kube-proxy write their rules with."""
    spec = place.inventory.cluster.network
    wanted = place.is_node and (spec.cni != "none" or spec.proxy in ("auto", "iptables"))
    if wanted and not place.facts.flag("tool_iptables"):
        yield place.error("iptables is missing: kube-proxy and pods need it", "install iptables")
