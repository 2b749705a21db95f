"""The objects that checks create, as plain JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kprov.engine.verify.values import JsonObject

MANAGER = "kprov-verify"
MANAGED_LABEL = "app.kubernetes.io/managed-by"
RUN_LABEL = "kprov/verify"
PART_LABEL = "kprov/part"
MANAGED = f"{MANAGED_LABEL}={MANAGER}"

CONTAINER = "main"
HTTP_PORT = 8080
TOLERATE_ALL: tuple[JsonObject, ...] = ({"operator": "Exists"},)

# Process 1 gets no signal it has no handler for: without the trap each pod lives on until killed.
_STAY = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"


def metadata(name: str, namespace: str, labels: Mapping[str, str] | None = None) -> JsonObject:
    """Metadata of everything a verification makes: labelled with the run it belongs to."""
    return {
        "name": name,
        "labels": {MANAGED_LABEL: MANAGER, RUN_LABEL: namespace, **(labels or {})},
    }


def part(name: str) -> dict[str, str]:
    """The label that tells the pods of one check from another's."""
    return {PART_LABEL: name}


def selector(name: str) -> str:
    """The label selector for `part(name)`."""
    return f"{PART_LABEL}={name}"


def stay(before: str = ":") -> list[str]:
    """A command that runs `before`, then stays until it is told to end."""
    return ["sh", "-c", f"{before}; {_STAY}"]


def once(script: str, *args: str) -> list[str]:
    """A command that runs a script and ends; the arguments are $1, $2..."""
    return ["sh", "-ec", script, "sh", *args]


def serve(directory: str) -> str:
    """A script line that answers HTTP with the pod's name, from then on."""
    return f'echo "$POD_NAME" > {directory}/index.html; httpd -p {HTTP_PORT} -h {directory}'


def container(image: str, command: Sequence[str], **fields: Any) -> JsonObject:
    """A container; `fields` are added as they are."""
    return {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        **fields,
    }


def pod_spec(main: JsonObject, **fields: Any) -> JsonObject:
    """A pod of one container: no API token, gone at once when deleted."""
    return {
        "containers": [main],
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        **fields,
    }


def template(name: str, spec: JsonObject) -> JsonObject:
    """A pod template whose pods carry `part(name)`."""
    return {"metadata": {"labels": part(name)}, "spec": spec}


def workload_spec(name: str, spec: JsonObject, **fields: Any) -> JsonObject:
    """The spec of a Deployment, ReplicaSet or DaemonSet over `part(name)`."""
    return {"selector": {"matchLabels": part(name)}, "template": template(name, spec), **fields}


def job_spec(name: str, spec: JsonObject) -> JsonObject:
    """The spec of a Job that tries a pod up to three times."""
    return {"backoffLimit": 2, "template": template(name, {**spec, "restartPolicy": "Never"})}


def pod_name_variable() -> JsonObject:
    """The environment variable POD_NAME, from the downward API."""
    return {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


def url(address: str, port: int) -> str:
    """An HTTP URL; IPv6 addresses in brackets."""
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"
