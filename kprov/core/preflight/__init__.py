"""Preflight: can these hosts become this cluster? Pure functions from facts to findings.

One idea a file. A check of a single host goes into CHECKS; `preflight` adds what compares hosts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from kprov.core.preflight.certificates import Certificate, ends
from kprov.core.preflight.firewall import firewall
from kprov.core.preflight.foreign import foreign_authorities, foreign_kubernetes
from kprov.core.preflight.identities import clocks, unique
from kprov.core.preflight.kernel import age, cgroup, modules, node_ports, swap
from kprov.core.preflight.networks import own_address, packet_sizes, routes
from kprov.core.preflight.place import Check, Finding, Place
from kprov.core.preflight.pod_network import addresses, one_l2, tunnel
from kprov.core.preflight.ports import ports
from kprov.core.preflight.proxy import proxy_mode
from kprov.core.preflight.resolver import nameservers
from kprov.core.preflight.security import apparmor, rights, selinux
from kprov.core.preflight.size import disks, memory, processors
from kprov.core.preflight.system import NEEDED_TOOLS, iptables, system
from kprov.model.facts import Facts
from kprov.model.host import Inventory

CHECKS: tuple[Check, ...] = (
    system, rights, age, modules, memory, processors, disks, ports, node_ports, foreign_kubernetes,
    own_address, routes, nameservers, cgroup, swap, iptables, selinux, apparmor, tunnel, proxy_mode,
    firewall, addresses,
)  # fmt: skip
"""Every check of a single host."""


def preflight(
    inventory: Inventory,
    facts: Mapping[str, Facts],
    certificates: Sequence[Certificate] = (),
    now: datetime | None = None,
) -> tuple[Finding, ...]:
    """All findings of all hosts, errors first."""
    places = [Place(inventory.host(name), its, inventory) for name, its in facts.items()]
    findings = [finding for place in places for check in CHECKS for finding in check(place)]
    findings += unique(places)
    findings += clocks(places)
    findings += one_l2(places)
    findings += packet_sizes(places)
    if now is not None:
        findings += ends(certificates, now)
    return tuple(sorted(findings, key=lambda finding: finding.level != "error"))


__all__ = ["NEEDED_TOOLS", "Certificate", "Finding", "foreign_authorities", "preflight"]
