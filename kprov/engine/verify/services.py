"""Checks: Service addresses, answered through kube-proxy from every node."""

from __future__ import annotations

from collections.abc import Iterable

from kprov.engine.verify import fleet
from kprov.engine.verify.ask import all_answer
from kprov.engine.verify.node_view import NodeView
from kprov.engine.verify.objects import HTTP_PORT, part, url
from kprov.engine.verify.resources import SERVICES
from kprov.engine.verify.session import Session, by_label
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_for

_SERVICE_PORT = 80
_PROXY_HINT = "kube-proxy on the nodes that fail: `journalctl -u kube-proxy`"


def cluster_ip(session: Session) -> str:
    """A Service's ClusterIP answers from every node and from a pod."""
    service = _service(session, "cluster-ip", "ClusterIP")
    addresses = _endpoints(session, "cluster-ip")
    own = service["spec"].get("clusterIPs") or [service["spec"]["clusterIP"]]
    if len(own) < session.options.families:
        raise CheckFailed(
            f"a Service has no address but {', '.join(own)}, though the cluster has two ranges",
            "`--service-cluster-ip-range` of every kube-apiserver",
        )
    targets = [url(address, _SERVICE_PORT) for address in own]
    peer = fleet.peer(session)
    questions = {f"node {name}": (pod, targets) for name, pod in fleet.agents(session).items()}
    questions[f"a pod on {peer['spec']['nodeName']}"] = (peer, targets)
    _all_answer(session, questions, addresses)
    return f"{', '.join(own)} from {_nodes(session.nodes)} and from a pod"


def node_port(session: Session) -> str:
    """A Service's NodePort answers on every node, from that node and from another one."""
    service = _service(session, "node-port", "NodePort")
    addresses = _endpoints(session, "node-port")
    port = service["spec"]["ports"][0]["nodePort"]
    pods = fleet.agents(session)
    questions = {
        f"node {node.name}": (
            pods[node.name],
            [url(target.address, port) for target in dict.fromkeys((node, following))],
        )
        for node, following in ring(session.nodes)
        if node.address and following.address
    }
    _all_answer(session, questions, addresses)
    return f"port {port} on {_nodes(session.nodes)}"


def ring(nodes: tuple[NodeView, ...]) -> list[tuple[NodeView, NodeView]]:
    """Each node with the next one; the last with the first."""
    return list(zip(nodes, nodes[1:] + nodes[:1], strict=True))


def ready_addresses(slices: Iterable[JsonObject]) -> list[str]:
    """Addresses of the endpoints that are ready, or do not say, in EndpointSlices."""
    return sorted(
        address
        for entry in slices
        for endpoint in entry.get("endpoints") or []
        if (endpoint.get("conditions") or {}).get("ready") is not False
        for address in endpoint["addresses"]
    )


def _service(session: Session, name: str, kind: str) -> JsonObject:
    ports = [{"name": "http", "port": _SERVICE_PORT, "targetPort": HTTP_PORT}]
    spec = {"type": kind, "selector": part(fleet.WEB), "ports": ports}
    if session.options.families > 1:
        spec["ipFamilyPolicy"] = "RequireDualStack"
    return session.create(SERVICES, name, spec=spec)


def _endpoints(session: Session, name: str) -> list[str]:
    def ready(slices: Objects) -> list[str] | None:
        return ready_addresses(slices.values()) or None

    fleet.webs(session)
    query = by_label(f"kubernetes.io/service-name={name}")
    try:
        return wait_for(session, session.server.endpoint_slices, query, ready)
    except WaitTimeout:
        raise CheckFailed(
            f"the pods of Service {name} run, but it has no endpoints",
            "is kube-controller-manager running and elected?",
        ) from None


def _all_answer(
    session: Session,
    questions: dict[str, tuple[JsonObject, list[str]]],
    addresses: list[str],
) -> None:
    note = f"; endpoints: {', '.join(addresses)}"
    all_answer(session, questions, note=note, hint=_PROXY_HINT)


def _nodes(nodes: tuple[NodeView, ...]) -> str:
    return "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
