"""What a Node object says about taking part in a verification. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from kprov.engine.verify.values import JsonObject

CONTROL_PLANE_TAINTS = (
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",  # until Kubernetes 1.24
)
# Lifted by the node lifecycle controller moments after the node is Ready.
_PASSING_TAINTS = ("node.kubernetes.io/not-ready",)


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node, as far as checks care."""

    name: str
    ready: bool
    why_not_ready: str
    address: str
    """InternalIP; empty when the node has not reported one."""
    hostname: str
    """Its `kubernetes.io/hostname` label, which is not always its name."""
    linux: bool
    cordoned: bool
    taints: tuple[str, ...]
    """Keys of the taints that keep pods away."""
    version: str

    def takes_pods(self, *, tolerated: Collection[str] = ()) -> bool:
        """Whether the scheduler may put a pod here that tolerates those taint keys."""
        return self.ready and not self.cordoned and set(self.taints) <= set(tolerated)


def read_node(node: JsonObject) -> NodeView:
    """Read a v1 Node."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    labels = node["metadata"].get("labels") or {}
    condition = next((c for c in status.get("conditions") or [] if c["type"] == "Ready"), None)
    addresses = {entry["type"]: entry["address"] for entry in reversed(status.get("addresses", []))}
    return NodeView(
        name=node["metadata"]["name"],
        ready=condition is not None and condition["status"] == "True",
        why_not_ready=_why(condition),
        address=addresses.get("InternalIP", ""),
        hostname=labels.get("kubernetes.io/hostname", node["metadata"]["name"]),
        linux=labels.get("kubernetes.io/os", "linux") == "linux",
        cordoned=bool(spec.get("unschedulable")),
        taints=tuple(
            taint["key"]
            for taint in spec.get("taints") or []
            if taint["effect"] in {"NoSchedule", "NoExecute"}
            and taint["key"] not in _PASSING_TAINTS
        ),
        version=(status.get("nodeInfo") or {}).get("kubeletVersion", ""),
    )


def tolerations_for(nodes: Iterable[NodeView]) -> tuple[JsonObject, ...]:
    """What ordinary pods must tolerate to run at all: nothing, as long as any node takes them."""
    nodes = tuple(nodes)
    if any(node.takes_pods() for node in nodes):
        return ()
    present = {taint for node in nodes for taint in node.taints}
    return tuple(
        {"key": key, "operator": "Exists"} for key in CONTROL_PLANE_TAINTS if key in present
    )


def _why(condition: JsonObject | None) -> str:
    if condition is None:
        return "its kubelet has not reported yet"
    words = (condition.get("reason", ""), condition.get("message", ""))
    return ": ".join(word for word in words if word) or f"Ready is {condition['status']}"
