"""Rendering without hosts: what roles become under assumed facts."""

from __future__ import annotations

from dataclasses import replace

from kprov.engine.desired import PhaseResources, desired
from kprov.engine.host_material import HostMaterial
from kprov.engine.session import Session
from kprov.lang.sources import Binary
from kprov.model.facts import Facts

ASSUMED = {
    "kernel": "Linux 6.1.0", "arch": "x86_64", "hostname": "host", "systemd": "yes",
    "os_id": "debian", "os_like": "", "os_version": "12",
    "os_name": "Debian GNU/Linux 12 (bookworm)",
    "cgroup": "v2", "oom_score_adjustable": "yes", "conntrack_writable": "yes", "swap": "0",
    "cpus": "4", "memory_mb": "8192", "resolv_conf": "/etc/resolv.conf",
    "kubelet_has_certificate": "no", "etcd_has_data": "no", "owned": "no", "local_machine": "no",
    "selinux": "off",
    "tool_systemctl": "yes", "tool_curl": "yes", "tool_iptables": "yes", "tool_conntrack": "yes",
    "machine_id": "0" * 32, "default_ip": "192.0.2.1", "nameservers": "192.0.2.53",
    "modules_folder": "yes", "ephemeral_ports": "32768-60999",
    "interfaces": "eth0=1500=192.0.2.1", "tool_ip": "yes", "tool_bridge": "yes",
}  # fmt: skip
"""Facts of an ordinary host, for people who want to read what a role does."""


class OfflineMaterial(HostMaterial):
    """Material without digests: reading what a role does needs no network."""

    def binary(self, component: str, member: str) -> Binary:
        """Where it goes; its source is looked up by plan and apply."""
        return replace(self.place(component, member), source="SHA256", how="pull", origin="URL")


def rendered(session: Session, host: str) -> PhaseResources:
    """One host's resources by phase under the assumed facts."""
    facts = {its.name: Facts(ASSUMED, {}) for its in session.inventory.members}
    world = replace(session.world, facts=facts)
    product = replace(
        session.product, sources=lambda its, seen: OfflineMaterial(session.material, its, seen)
    )
    return desired(product, world, session.inventory.host(host))
