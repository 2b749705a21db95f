"""Firewalls that systems start by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place


def firewall(place: Place) -> Iterator[Finding]:
    """firewalld, as RHEL and SUSE start it, drops what nodes and pods say to each other."""
    if "firewalld" in place.facts.get("processes").split():
        network = place.inventory.cluster.network
        yield place.warning(
            "firewalld is at work: it drops traffic of pods and of the cluster",
            f"let nodes, pods and Services pass: firewall-cmd --permanent --zone=trusted "
            f"--add-source={network.pods} --add-source={network.services} --add-source=NODES; "
            "or stop it: systemctl disable --now firewalld",
        )
