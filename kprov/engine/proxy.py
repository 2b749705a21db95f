"""Which mode kube-proxy runs in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kprov.core.preflight.proxy import nftables_fault
from kprov.lang.pending import Pending
from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory

_AUTOMATIC = ("nftables", "iptables")


def proxy_mode(
    inventory: Inventory, facts: Mapping[str, Facts], host: Host, gates: Mapping[str, bool]
) -> Any:
    """The mode of one host; Pending before the look where facts decide.

    `auto` is nftables where it is stable (v1.33) and every node that was looked at can do it,
    otherwise iptables. What runs stays: a cluster's mode changes only when somebody names another
    one, and a new node takes the mode of those that are there.
    """
    asked = inventory.cluster.network.proxy
    if asked != "auto":
        return asked
    if host.name not in facts:
        return Pending(f"facts of {host.name}")
    nodes = [facts[node.name] for node in inventory.nodes if node.name in facts]
    for found in (facts[host.name], *nodes):
        if found.get("proxy_mode") in _AUTOMATIC:
            return found.get("proxy_mode")
    fit = gates["nftables_proxy_stable"] and not any(map(nftables_fault, nodes))
    return "nftables" if fit else "iptables"
