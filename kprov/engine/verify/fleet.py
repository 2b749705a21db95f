"""The pods that several checks share: agents and web servers on every node, and one plain pod."""

from __future__ import annotations

from kprov.engine.verify.objects import (
    TOLERATE_ALL,
    container,
    pod_name_variable,
    pod_spec,
    selector,
    serve,
    stay,
    workload_spec,
)
from kprov.engine.verify.podwork import running, running_on, start_pod
from kprov.engine.verify.resources import DAEMON_SETS
from kprov.engine.verify.session import Session
from kprov.engine.verify.values import JsonObject

AGENT = "agent"
WEB = "web"
PEER = "peer"
_WWW = "/www"


def launch(session: Session) -> None:
    """Create the shared pods, and wait for none of them."""
    _daemon_set(session, AGENT, container(session.options.image, stay()), hostNetwork=True)
    _daemon_set(session, WEB, _web_server(session), volumes=[_scratch()])
    start_pod(session, PEER, _web_server(session), volumes=[_scratch()])


def agents(session: Session) -> dict[str, JsonObject]:
    """Pods in the network of every node, by node: they ask what the node itself would."""
    return running_on(session, selector(AGENT), _names(session))


def webs(session: Session) -> dict[str, JsonObject]:
    """Pods in the pod network of every node, by node, that answer HTTP with their name."""
    return running_on(session, selector(WEB), _names(session))


def peer(session: Session) -> JsonObject:
    """A web server of the same kind that belongs to no Service."""
    return running(session, PEER)


def _names(session: Session) -> list[str]:
    return [node.name for node in session.nodes]


def _daemon_set(session: Session, name: str, main: JsonObject, **spec: object) -> None:
    pods = pod_spec(
        main,
        tolerations=list(TOLERATE_ALL),
        nodeSelector={"kubernetes.io/os": "linux"},
        **spec,
    )
    session.create(DAEMON_SETS, name, spec=workload_spec(name, pods))


def _web_server(session: Session) -> JsonObject:
    return container(
        session.options.image,
        stay(serve(_WWW)),
        env=[pod_name_variable()],
        volumeMounts=[{"name": "www", "mountPath": _WWW}],
    )


def _scratch() -> JsonObject:
    return {"name": "www", "emptyDir": {}}
