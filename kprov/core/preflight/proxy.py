"""What the modes of kube-proxy need of hosts."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place
from kprov.model.facts import Facts
from kprov.model.version import Version

OLDEST_NFTABLES_KERNEL, OLDEST_NFT = "5.13", "1.0.1"
"""https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-mode-nftables"""


def proxy_mode(place: Place) -> Iterator[Finding]:
    """The mode that the spec names works on this host."""
    mode = place.inventory.cluster.network.proxy
    if not place.is_node:
        return
    if mode == "ipvs" and "ip_vs" in place.facts.get("modules_lacking").split():
        yield place.error(
            "the kernel has no IPVS, which `cluster.network.proxy: ipvs` needs",
            "install the kernel's extra modules, or set `cluster.network.proxy: auto`",
        )
    if mode == "nftables" and (fault := nftables_fault(place.facts, installed=False)):
        yield place.error(
            f"{fault}, which `cluster.network.proxy: nftables` needs",
            "update the host, or set `cluster.network.proxy: auto`",
        )


def nftables_fault(facts: Facts, *, installed: bool = True) -> str:
    """Why kube-proxy cannot use nftables here; empty when it can.

    `installed` False: a missing `nft` is none of the reasons, it will be installed.
    """
    kernel = facts.get("kernel").removeprefix("Linux ")
    if not _at_least(kernel, OLDEST_NFTABLES_KERNEL):
        return f"kernel {kernel or '?'} is older than {OLDEST_NFTABLES_KERNEL}"
    if not facts.flag("tool_nft"):
        return "`nft` is missing" if installed else ""
    version = facts.get("nft_version")
    if not version:
        return "`nft` does not work with this kernel"
    if not _at_least(version, OLDEST_NFT):
        return f"nft {version} is older than {OLDEST_NFT}"
    return ""


def _at_least(text: str, oldest: str) -> bool:
    """Whether a version is that new; False for a text that is none."""
    numbers = text.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split(".")[:3]
    try:
        return Version.parse(".".join(numbers)).at_least(oldest)
    except ValueError:
        return False
