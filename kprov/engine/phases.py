"""The product in one table: what is done, where, in which order, how many hosts at a time.

`kprov plan` names these phases; `cluster.roles` hooks roles of your own before or after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kprov.core.batch import percent, running_one_by_one, runs, together
from kprov.core.etcd import member_by_member
from kprov.core.phase import Phase
from kprov.model.cluster import ClusterSpec
from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory

# fmt: off
PHASES: tuple[Phase, ...] = (
    Phase("os",      "all",           ("os",),
          "Prepare the operating system",      together),
    Phase("etcd",    "etcd",          ("etcd",),
          "Form the etcd cluster",             member_by_member),
    Phase("control", "control_plane",
          ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "keepalived"),
          "Start the control planes",          running_one_by_one("kube-apiserver.service"),
          after=("etcd",)),
    Phase("runtime", "node",          ("containerd", "cni", "api-proxy"),
          "Install the container runtime",     percent(25, "containerd.service")),
    Phase("access",  "api",           ("access",),
          "Grant components their rights",     together, after=("control",)),
    Phase("node",    "node",          ("kube-proxy", "kubelet"),
          "Join the nodes",                    percent(25, "kubelet.service"),
          after=("access",)),
    Phase("labels",  "api",           ("node-labels",),
          "Label and taint the nodes",         together, after=("node",)),
    Phase("addons",  "api",           ("coredns", "tenants", "addons"),
          "Install the add-ons",               together, after=("labels",)),
)
# fmt: on


def phases_for(spec: ClusterSpec) -> tuple[Phase, ...]:
    """The table with the user's own roles hooked in."""
    before, after = spec.roles.get("before", {}), spec.roles.get("after", {})
    return tuple(
        replace(
            phase,
            roles=(*before.get(phase.name, ()), *phase.roles, *after.get(phase.name, ())),
        )
        for phase in PHASES
    )


def hosts_of(phase: Phase, inventory: Inventory, facts: Mapping[str, Facts]) -> Sequence[Host]:
    """The hosts a phase works on; `api`: one control plane, before the look any of them."""
    match phase.hosts:
        case "etcd":
            return inventory.etcd
        case "control_plane":
            return inventory.control_planes
        case "node":
            return inventory.nodes
        case "api":
            return inventory.control_planes if not facts else api_host(inventory, facts)
        case _:
            return inventory.members


def api_host(inventory: Inventory, facts: Mapping[str, Facts]) -> tuple[Host, ...]:
    """The control plane to speak to the API from: one that was reached, and runs if any does."""
    reached = [host for host in inventory.control_planes if host.name in facts]
    running = [host for host in reached if runs(facts[host.name], "kube-apiserver.service")]
    return tuple(running or reached)[:1]
