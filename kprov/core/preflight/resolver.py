"""Nameservers: pods inherit the host's, and CoreDNS asks them what it does not know itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place

MOST_NAMESERVERS = 3
"""Later ones are left out: https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/"""


def nameservers(place: Place) -> Iterator[Finding]:
    """None that leads back to the cluster's own DNS, and not too many.

    https://coredns.io/plugins/loop/#troubleshooting-loops-in-kubernetes-clusters
    """
    spec = place.inventory.cluster
    own_file = {**spec.kubelet.config, **place.host.node.kubelet_config}.get("resolvConf")
    if not (place.is_node and spec.network.dns) or own_file is not None:
        return
    file, servers = place.facts.get("resolv_conf"), place.facts.get("nameservers").split()
    loops = [server for server in servers if _leads_back(server, spec.network.services)]
    if loops:
        finding = place.warning if place.facts.flag("owned") else place.error
        yield finding(
            f"nameserver {', '.join(loops)} in {file} leads pods and CoreDNS back to themselves",
            "give the real nameservers in another file, and name it: kubelet_config: "
            "{resolvConf: /etc/kubernetes/resolv.conf}",
        )
    elif len(servers) > MOST_NAMESERVERS:
        yield place.warning(
            f"{len(servers)} nameservers in {file}: pods get the first {MOST_NAMESERVERS}"
        )
    elif not servers and not place.facts.flag("local_machine"):
        yield place.warning(
            f"no nameserver in {file or '/etc/resolv.conf'}: pods resolve the cluster's names only"
        )


def _leads_back(server: str, services: str) -> bool:
    try:
        address = ipaddress.ip_address(server.partition("%")[0])
    except ValueError:
        return False
    ranges = [ipaddress.ip_network(text) for text in services.split(",")]
    return address.is_loopback or any(address in its for its in ranges)
