"""Puts into words why a pod is not doing what it should. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kprov.engine.verify.values import JsonObject

IMAGE_REASONS = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"}
)
_HOPELESS = IMAGE_REASONS | {"CrashLoopBackOff"}
_EVENTS_SHOWN = 3
_LONGEST, _HEAD = 280, 100

_HINTS: tuple[tuple[str, str], ...] = (
    (
        r"cni|network plugin|networkPlugin|failed to (set up|setup) (pod )?network",
        "the pod network on that node: /etc/cni/net.d, /opt/cni/bin, `cluster.network.cni`",
    ),
    (
        r"sandbox image|/pause:",
        "the sandbox image cannot be had there: `cluster.sandbox_image`, `cluster.images`",
    ),
    (
        r"runc|OCI runtime|containerd-shim",
        "the container runtime on that node: `journalctl -u containerd`",
    ),
)


def container_states(pod: JsonObject) -> list[tuple[str, str, JsonObject]]:
    """(container, `waiting` | `running` | `terminated`, the state's fields) of every container."""
    status = pod.get("status") or {}
    statuses = [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]
    return [
        (entry["name"], kind, fields or {})
        for entry in statuses
        for kind, fields in (entry.get("state") or {}).items()
    ]


def hopeless(pod: JsonObject) -> str:
    """Why waiting longer for this pod is of no use; empty when it may be."""
    for _, kind, fields in container_states(pod):
        if kind == "waiting" and fields.get("reason") in _HOPELESS:
            return str(fields["reason"])
    return ""


def image_missing(pod: JsonObject) -> bool:
    """Whether a container waits for an image that cannot be had."""
    return hopeless(pod) in IMAGE_REASONS


def still_pulling(events: Sequence[JsonObject]) -> bool:
    """Whether the kubelet has begun to pull an image and has not said how it went."""
    reasons = [event.get("reason") for event in sorted(events, key=_when)]
    return "Pulling" in reasons and not {"Pulled", "Failed"} & set(reasons)


def images(pod: JsonObject) -> list[str]:
    """The images the pod's containers want."""
    return sorted({entry["image"] for entry in pod["spec"]["containers"]})


def describe_pod(pod: JsonObject, events: Sequence[JsonObject] = ()) -> str:
    """One line: where the pod is, what state it and its containers are in, its last events."""
    node = pod["spec"].get("nodeName")
    status = pod.get("status") or {}
    head = f"pod {pod['metadata']['name']}" + (f" on {node}" if node else ", on no node yet")
    parts = [f"{head}: {status.get('phase', 'no phase')}"]
    if pod["metadata"].get("deletionTimestamp"):
        parts[0] += ", being deleted"
    parts += [_words(status)] if status.get("reason") else []
    parts += [
        f"{condition['type']}: {_words(condition)}"
        for condition in status.get("conditions") or []
        if condition["type"] == "PodScheduled" and condition["status"] == "False"
    ]
    parts += [_state(*state) for state in container_states(pod) if state[1] != "running"]
    if not image_missing(pod):  # the state says it all, and the events say it again
        past = {"FailedScheduling"} if node else set()
        still = [event for event in events if event.get("reason") not in past]
        said = "; ".join(parts)
        parts += [f"event {text}" for text in map(_words, _latest(still)) if _news(text, said)]
    return "; ".join(dict.fromkeys(parts))


def hint_for(pod: JsonObject, description: str) -> str:
    """What to do about a pod with this description; empty when there is nothing to say."""
    if image_missing(pod):
        return (
            f"{', '.join(images(pod))} is not on the node and cannot be pulled: "
            "load an archive of it with `cluster.images`, or name another image"
        )
    if not pod["spec"].get("nodeName"):
        if "nodes are available" in description:
            return "no node suits it: taints, cordoned nodes, free CPU and memory"
        return "nothing has scheduled it: is kube-scheduler running and elected?"
    for pattern, hint in _HINTS:
        if re.search(pattern, description, re.IGNORECASE):
            return hint
    return "`journalctl -u kubelet` on that node says more"


def _state(name: str, kind: str, fields: JsonObject) -> str:
    code = f" with code {fields['exitCode']}" if "exitCode" in fields else ""
    words = _words(fields)
    return f"container {name} {kind}{code}" + (f": {words}" if words else "")


def _words(fields: JsonObject) -> str:
    words = (fields.get("reason") or "", _short(" ".join((fields.get("message") or "").split())))
    return ": ".join(word for word in words if word)


def _news(event: str, said: str) -> bool:
    """Whether an event says more than what was said already; conditions repeat their events."""
    message = event.partition(": ")[2]
    return not message or f": {message}" not in said


def _short(text: str) -> str:
    """Cut out the middle of a long message: errors that wrap errors tell most at their ends."""
    return text if len(text) <= _LONGEST else f"{text[:_HEAD]} ... {text[_HEAD - _LONGEST :]}"


def _latest(events: Sequence[JsonObject]) -> list[JsonObject]:
    """The last events that say something is wrong; the last of all when none does."""
    ordered = sorted(events, key=_when)
    warnings = [event for event in ordered if event.get("type") == "Warning"]
    return (warnings or ordered)[-_EVENTS_SHOWN:]


def _when(event: JsonObject) -> str:
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )
