"""What templates see of nodes as objects in the API, and of a host's own kubelet. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kprov.lang.pending import Pending
from kprov.model.cluster import KubeletSpec
from kprov.model.facts import Facts
from kprov.model.host import Host
from kprov.model.node import Scalar, Taint


@dataclass(frozen=True, slots=True)
class NodeObject:
    """A node's labels, annotations and taints; `seen`: whether this run looks at the host."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    taints: tuple[Taint, ...]
    seen: Any
    """`Pending` before the look."""

    @property
    def taint_objects(self) -> list[dict[str, str]]:
        """The taints as the API has them."""
        return [
            {"key": its.key, **({"value": its.value} if its.value else {}), "effect": its.effect}
            for its in self.taints
        ]


@dataclass(frozen=True, slots=True)
class Kubelet:
    """The settings of one host's kubelet, the host's own over the cluster's."""

    config: Mapping[str, object]
    extra_args: Mapping[str, Scalar]


def node_object(host: Host, gates: Mapping[str, bool], facts: Mapping[str, Facts]) -> NodeObject:
    """What the inventory declares, and what makes a control plane one.

    https://kubernetes.io/docs/reference/labels-annotations-taints/#node-role-kubernetes-io-control-plane
    """
    settings = host.node
    labels, taints = dict(settings.labels), {its.id: its for its in settings.taints}
    if host.is_control_plane:
        roles = ("control-plane", "master") if gates["master_role"] else ("control-plane",)
        labels = {f"node-role.kubernetes.io/{role}": "" for role in roles} | labels
        if not host.is_schedulable:
            own = Taint(f"node-role.kubernetes.io/{roles[-1]}", "", "NoSchedule")
            taints = {own.id: own} | taints
    seen = host.name in facts if facts else Pending("which hosts are looked at")
    return NodeObject(host.name, labels, settings.annotations, tuple(taints.values()), seen)


def kubelet_of(host: Host, spec: KubeletSpec) -> Kubelet:
    """The cluster's settings with the host's over them."""
    config = overlay(spec.config, host.node.kubelet_config)
    return Kubelet(config, {**spec.extra_args, **host.node.kubelet_extra_args})


def overlay(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Two mappings merged at every depth; anything but a mapping is replaced."""
    merged = dict(below)
    for key, value in above.items():
        there = merged.get(key)
        both = isinstance(there, Mapping) and isinstance(value, Mapping)
        merged[key] = overlay(there, value) if both else value  # type: ignore[arg-type]
    return merged
