"""The product in one table: what is done, where, in which order, how many hosts at a time.

`kprov plan` names these phases; `cluster.roles` hooks roles of your own before or after them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kprov.core.batch import one_by_one_if_running, percent, together
from kprov.core.phase import Phase
from kprov.model.cluster import ClusterSpec
from kprov.model.host import Host, Inventory

# fmt: off
PHASES: tuple[Phase, ...] = (
    Phase("os",      "all",           ("os",),
          "Prepare the operating system",      together),
    Phase("etcd",    "etcd",          ("etcd",),
          "Form the etcd cluster",             one_by_one_if_running("etcd.service")),
    Phase("control", "control_plane",
          ("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
          "Start the control planes",          one_by_one_if_running("kube-apiserver.service"),
          after=("etcd",)),
    Phase("runtime", "node",          ("containerd", "cni"),
          "Install the container runtime",     percent(25, "containerd.service")),
    Phase("access",  "api",           ("access",),
          "Grant components their rights",     together, after=("control",)),
    Phase("node",    "node",          ("kube-proxy", "kubelet"),
          "Join the nodes",                    percent(25, "kubelet.service"),
          after=("access",)),
    Phase("addons",  "api",           ("coredns",),
          "Install the add-ons",               together, after=("node",)),
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


def hosts_of(phase: Phase, inventory: Inventory) -> Sequence[Host]:
    """The hosts a phase works on; `api` is one control plane, to speak to the API from."""
    match phase.hosts:
        case "etcd":
            return inventory.etcd
        case "control_plane":
            return inventory.control_planes
        case "node":
            return inventory.nodes
        case "api":
            return inventory.control_planes[:1]
        case _:
            return inventory.members
