"""Checks: configuration and volumes inside pods."""

from __future__ import annotations

import base64

from kprov.engine.verify.objects import container, once
from kprov.engine.verify.podwork import run_to_end, running, start_pod
from kprov.engine.verify.resources import CONFIG_MAPS, SECRETS
from kprov.engine.verify.session import Session
from kprov.engine.verify.values import CheckFailed, JsonObject

_WAYS = ("file", "environment", "argument")
_HOST_TMP = "/tmp"  # noqa: S108  on the node, in a directory named after the run
_SHOW = 'cat "$1/word"; echo; echo "$WORD"; echo "$2"'

# The writer owns the directory: it removes it when told to end, and after ten minutes anyway.
_WRITE = """
cd /host
trap 'rm -rf "$1"; exit 0' TERM INT
mkdir "$1"
echo "$1" > "$1/word"
sleep 600 & wait $!
rm -rf "$1"
"""
_READ = 'until cat "/host/$1/word" 2>/dev/null; do sleep 1; done'


def config_map(session: Session) -> str:
    """A ConfigMap reaches a pod as file, environment variable and argument."""
    session.create(CONFIG_MAPS, "config", data={"word": "from-config-map"})
    source = {"configMapKeyRef": {"name": "config", "key": "word"}}
    return _three_ways(
        session, "config-map", "from-config-map", source, {"configMap": {"name": "config"}}
    )


def secret(session: Session) -> str:
    """A Secret reaches a pod as file, environment variable and argument."""
    encoded = base64.b64encode(b"from-secret").decode()
    session.create(SECRETS, "secret", type="Opaque", data={"word": encoded})
    source = {"secretKeyRef": {"name": "secret", "key": "word"}}
    return _three_ways(
        session, "secret", "from-secret", source, {"secret": {"secretName": "secret"}}
    )


def empty_dir(session: Session) -> str:
    """What one container writes to an emptyDir volume, the next one reads."""
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    writer = {
        **container(session.options.image, once("echo shared > /shared/word"), volumeMounts=mounts),
        "name": "writer",
    }
    reader = container(session.options.image, once("cat /shared/word"), volumeMounts=mounts)
    volumes = [{"name": "shared", "emptyDir": {}}]
    said = run_to_end(session, "empty-dir", reader, initContainers=[writer], volumes=volumes)
    _expect("the second container read", "shared", said.strip())
    return "written by one container, read by the next"


def host_path(session: Session) -> str:
    """What one pod writes to a directory of its node, another pod there reads."""
    start_pod(
        session,
        "host-writer",
        _on_host(session, ["sh", "-c", _WRITE, "sh", session.namespace]),
        volumes=[_host_volume()],
    )
    node = running(session, "host-writer")["spec"]["nodeName"]
    reader = _on_host(session, once(_READ, session.namespace))
    said = run_to_end(session, "host-reader", reader, nodeName=node, volumes=[_host_volume()])
    _expect("the second pod read", session.namespace, said.strip())
    return f"written by one pod, read by another on {node}"


def _three_ways(
    session: Session, name: str, word: str, source: JsonObject, volume: JsonObject
) -> str:
    main = container(
        session.options.image,
        once(_SHOW, "/words", "$(WORD)"),
        env=[{"name": "WORD", "valueFrom": source}],
        volumeMounts=[{"name": "words", "mountPath": "/words", "readOnly": True}],
    )
    said = run_to_end(session, name, main, volumes=[{"name": "words", **volume}]).splitlines()
    wrong = [f"{way} {text!r}" for way, text in zip(_WAYS, said, strict=False) if text != word]
    if wrong or len(said) != len(_WAYS):
        raise CheckFailed(f"expected {word!r} as {', '.join(_WAYS)}; the pod saw {said}")
    return f"as {', '.join(_WAYS)}"


def _on_host(session: Session, command: list[str]) -> JsonObject:
    mounts = [{"name": "host", "mountPath": "/host"}]
    return container(session.options.image, command, volumeMounts=mounts)


def _host_volume() -> JsonObject:
    return {"name": "host", "hostPath": {"path": _HOST_TMP, "type": "Directory"}}


def _expect(what: str, expected: str, found: str) -> None:
    if found != expected:
        raise CheckFailed(f"{what} {found!r}, not {expected!r}")
