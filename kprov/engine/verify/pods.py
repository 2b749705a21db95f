"""Checks: a pod, a DaemonSet, the pod network, the scheduler."""

from __future__ import annotations

from collections.abc import Mapping

from kprov.engine.verify import fleet
from kprov.engine.verify.ask import all_answer
from kprov.engine.verify.node_view import NodeView
from kprov.engine.verify.objects import HTTP_PORT, container, once, part, pod_spec, stay, url
from kprov.engine.verify.podwork import execute, log, running, start_pod
from kprov.engine.verify.resources import PODS
from kprov.engine.verify.session import Session, by_name
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_for

_NEIGHBOURS = 3
_NETWORK_HINT = (
    "the pod network: routes to the other nodes' pod ranges (`ip route`), net.ipv4.ip_forward, "
    "a firewall between the nodes"
)
_SCHEDULER_HINT = "is kube-scheduler running and elected?"


def pod(session: Session) -> str:
    """A pod runs; its log and a command's output and exit code come back."""
    said = f"this is {session.namespace}"
    main = container(session.options.image, stay(f"echo {said}"))
    start_pod(session, "pod", main)
    started = running(session, "pod")
    logged = log(session, started).strip()
    if logged != said:
        raise CheckFailed(f"the log of pod pod says {logged!r}, not {said!r}")
    result = execute(session, started, "sh", "-c", "echo out; echo err >&2; exit 7")
    found = (result.out.strip(), result.err.strip(), result.code)
    if found != ("out", "err", 7):
        raise CheckFailed(f"exec gave (output, error, code) {found}, not ('out', 'err', 7)")
    return f"on {started['spec']['nodeName']}"


def daemon_set(session: Session) -> str:
    """A DaemonSet's pod runs on every node, control planes included."""
    fleet.agents(session)
    fleet.webs(session)
    return _nodes(len(session.nodes))


def pod_network(session: Session) -> str:
    """Pods reach each other by address, on one node and across nodes."""
    webs = fleet.webs(session)
    peer = fleet.peer(session)
    for found in (*webs.values(), peer):
        _has_all_families(session, found)
    place = f"pod on {peer['spec']['nodeName']}"
    questions = {
        f"pod on {name}": (
            web,
            [its for other in neighbours(name, webs) for its in _web_urls(webs[other])],
        )
        for name, web in webs.items()
    }
    near = webs[peer["spec"]["nodeName"]]
    questions[place] = (near, [*_web_urls(peer), *questions[place][1]])
    all_answer(session, questions, hint=_NETWORK_HINT)
    families = session.options.families
    both = f", {families} address families" if families > 1 else ""
    across = f", across {_nodes(len(webs))}" if len(webs) > 1 else " (there is one)"
    return f"on one node{across}{both}"


def scheduling(session: Session) -> str:
    """Pods go where their nodeSelector says, and not where a selector or a taint forbids."""
    target = session.schedulable[0]
    _put(session, "selected", {"kubernetes.io/hostname": target.hostname})
    _put(session, "nowhere", {"kprov/no-such-label": "none"})
    refused = ["nowhere"]
    tainted = _keeps_away(session)
    if tainted:
        _put(session, "tainted", {"kubernetes.io/hostname": tainted.hostname})
        refused.append("tainted")
    placed = _scheduled(session, "selected")
    if placed != target.name:
        raise CheckFailed(f"a pod whose nodeSelector names {target.name} went to {placed}")
    for name in refused:
        _unschedulable(session, name)
    keys = f"; {', '.join(tainted.taints)} on {tainted.name} keeps pods away" if tainted else ""
    return f"nodeSelector obeyed{keys}"


def neighbours(name: str, ring: Mapping[str, object]) -> list[str]:
    """The next few of a ring of names after this one: every pair when there are few."""
    names = sorted(ring)
    start = names.index(name)
    following = names[start + 1 :] + names[:start]
    return following[:_NEIGHBOURS]


def _web_urls(web: JsonObject) -> list[str]:
    return [url(address, HTTP_PORT) for address in pod_addresses(web)]


def pod_addresses(found: JsonObject) -> list[str]:
    """All addresses of a pod, the first one first."""
    status = found["status"]
    return [entry["ip"] for entry in status.get("podIPs") or [{"ip": status["podIP"]}]]


def _has_all_families(session: Session, found: JsonObject) -> None:
    addresses = pod_addresses(found)
    if len(addresses) < session.options.families:
        raise CheckFailed(
            f"pod {found['metadata']['name']} on {found['spec']['nodeName']} has no address but "
            f"{', '.join(addresses)}, though the cluster has two ranges of pods",
            "the plugin's ranges on that node: /etc/cni/net.d",
        )


def _keeps_away(session: Session) -> NodeView | None:
    tolerated = {toleration["key"] for toleration in session.tolerations}
    return next(
        (node for node in session.nodes if node.taints and not set(node.taints) <= tolerated), None
    )


def _put(session: Session, name: str, node_selector: dict[str, str]) -> None:
    main = container(session.options.image, once(":"))
    spec = pod_spec(
        main,
        nodeSelector=node_selector,
        tolerations=list(session.tolerations),
        restartPolicy="Never",
    )
    session.create(PODS, name, labels=part("scheduling"), spec=spec)


def _scheduled(session: Session, name: str) -> str:
    def placed(pods: Objects) -> str | None:
        return pods[name]["spec"].get("nodeName") if name in pods else None

    try:
        return wait_for(session, PODS, by_name(name), placed)
    except WaitTimeout as timeout:
        why = _scheduler_says(timeout.objects[name])[1] if name in timeout.objects else ""
        raise CheckFailed(f"pod {name} was not scheduled: {why}", _SCHEDULER_HINT) from None


def _unschedulable(session: Session, name: str) -> None:
    def refused(pods: Objects) -> bool | None:
        found = pods.get(name)
        if found and found["spec"].get("nodeName"):
            raise CheckFailed(
                f"pod {name} went to {found['spec']['nodeName']}, where its nodeSelector "
                "or a taint forbids it"
            )
        return True if found and _scheduler_says(found)[0] == "Unschedulable" else None

    try:
        wait_for(session, PODS, by_name(name), refused)
    except WaitTimeout:
        raise CheckFailed(f"the scheduler said nothing about pod {name}", _SCHEDULER_HINT) from None


def _scheduler_says(found: JsonObject) -> tuple[str, str]:
    conditions = (found.get("status") or {}).get("conditions") or []
    says: JsonObject = next((c for c in conditions if c["type"] == "PodScheduled"), {})
    return says.get("reason", ""), says.get("message", "nothing has looked at it")


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"
