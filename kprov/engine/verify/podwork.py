"""What checks do with pods: start them, wait for them, run commands in them, say what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kprov.engine.verify.api import ApiError, ApiUnreachableError, ExecResult
from kprov.engine.verify.diagnosis import describe_pod, hint_for, hopeless
from kprov.engine.verify.objects import CONTAINER, part, pod_spec
from kprov.engine.verify.resources import EVENTS, PODS
from kprov.engine.verify.session import Session, by_label, by_name
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_for

_EXEC_SECONDS = 30.0
_KUBELET_HINT = (
    "the API server asks the kubelet of that node on port 10250: is it open, and does the kubelet "
    "trust the API server's kubelet client certificate?"
)


def start_pod(session: Session, name: str, main: JsonObject, **spec: Any) -> None:
    """Create an ordinary pod of one container, labelled `part(name)`."""
    spec.setdefault("tolerations", list(session.tolerations))
    session.create(PODS, name, labels=part(name), spec=pod_spec(main, **spec))


def run_to_end(session: Session, name: str, main: JsonObject, **spec: Any) -> str:
    """Run a pod whose command ends, and return its log. Raises CheckFailed when it ends badly."""
    start_pod(session, name, main, restartPolicy="Never", **spec)
    return finished(session, by_name(name))


def running(session: Session, name: str) -> JsonObject:
    """Wait until a pod runs, and return it."""
    return _wait_pod(session, by_name(name), lambda pods: _first(pods.values(), is_running))


def finished(session: Session, query: Mapping[str, str]) -> str:
    """Wait until a pod that the query finds has succeeded, and return its log."""

    def ended(pods: Objects) -> JsonObject | None:
        for pod in pods.values():
            if phase(pod) == "Failed":
                raise _verdict(session, pod)
        return _first(pods.values(), lambda pod: phase(pod) == "Succeeded")

    return log(session, _wait_pod(session, query, ended))


def running_on(session: Session, selector: str, nodes: Iterable[str]) -> dict[str, JsonObject]:
    """Wait until a selected pod runs on each of those nodes; return the pods by node."""
    wanted = set(nodes)

    def everywhere(pods: Objects) -> dict[str, JsonObject] | None:
        found = {pod["spec"]["nodeName"]: pod for pod in pods.values() if is_running(pod)}
        for pod in pods.values():
            if pod["spec"].get("nodeName") in wanted - set(found):
                give_up_if_hopeless(session, pod)
        return {name: found[name] for name in wanted} if wanted <= set(found) else None

    try:
        return wait_for(session, PODS, by_label(selector), everywhere)
    except WaitTimeout as timeout:
        raise _not_everywhere(session, wanted, timeout.objects) from None


def is_running(pod: JsonObject) -> bool:
    """Whether all containers of the pod run, and it is not being deleted."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    ready = bool(statuses) and all(status.get("ready") for status in statuses)
    return phase(pod) == "Running" and ready and not pod["metadata"].get("deletionTimestamp")


def phase(pod: JsonObject) -> str:
    """The pod's phase; empty when nobody has reported one."""
    return str((pod.get("status") or {}).get("phase", ""))


def log(session: Session, pod: JsonObject) -> str:
    """The log of the pod's main container."""
    path = session.path(PODS, pod["metadata"]["name"], "log")
    try:
        return session.api.text(path, {"container": CONTAINER})
    except (ApiError, ApiUnreachableError) as error:
        raise _no_kubelet("reading the log of", pod, error) from error


def execute(
    session: Session, pod: JsonObject, *command: str, seconds: float = _EXEC_SECONDS
) -> ExecResult:
    """Run a command in the pod's main container, for `seconds` at most."""
    path = session.path(PODS, pod["metadata"]["name"], "exec")
    try:
        return session.api.exec(path, command, CONTAINER, min(seconds, session.remaining))
    except TimeoutError as error:
        raise CheckFailed(f"exec in {_place(pod)}: {error}") from error
    except (ApiError, ApiUnreachableError) as error:
        raise _no_kubelet("exec in", pod, error) from error


def shell(
    session: Session, pod: JsonObject, script: str, *args: str, seconds: float = _EXEC_SECONDS
) -> ExecResult:
    """Run a shell script in the pod's main container; the arguments are $1, $2..."""
    return execute(session, pod, "sh", "-c", script, "sh", *args, seconds=seconds)


def give_up_if_hopeless(session: Session, pod: JsonObject) -> None:
    """Raise CheckFailed when waiting longer for this pod is of no use."""
    if hopeless(pod):
        raise _verdict(session, pod)


def give_up_if_any_hopeless(session: Session, selector: str) -> None:
    """The same for all selected pods, asked for now."""
    for pod in session.select(PODS, selector):
        give_up_if_hopeless(session, pod)


def stuck_pods(session: Session, selector: str, otherwise: CheckFailed) -> CheckFailed:
    """The verdict over the first selected pod that does not run; `otherwise` when all do."""
    pods = [pod for pod in session.select(PODS, selector) if not is_running(pod)]
    return _verdict(session, pods[0], otherwise.detail) if pods else otherwise


def _wait_pod(
    session: Session, query: Mapping[str, str], ready: Callable[[Objects], JsonObject | None]
) -> JsonObject:
    def found(pods: Objects) -> JsonObject | None:
        pod = ready(pods)
        if pod is None:
            for candidate in pods.values():
                give_up_if_hopeless(session, candidate)
        return pod

    try:
        return wait_for(session, PODS, query, found)
    except WaitTimeout as timeout:
        if not timeout.objects:
            raise CheckFailed(
                "no pod was made", "is kube-controller-manager running and elected?"
            ) from None
        raise _verdict(session, next(iter(timeout.objects.values()))) from None


def _not_everywhere(session: Session, wanted: set[str], pods: Objects) -> CheckFailed:
    """The verdict over pods that were to run on those nodes: the first one that does not."""
    there = {pod["spec"].get("nodeName") for pod in pods.values() if is_running(pod)}
    missing = sorted(wanted - there)
    places = f"{len(missing)} of {len(wanted)} nodes lack it: {', '.join(missing)}"
    for pod in pods.values():
        if pod["spec"].get("nodeName") in {None, *missing}:
            return _verdict(session, pod, places)
    return CheckFailed(
        f"{places}; no pod was made there", "is kube-controller-manager running and elected?"
    )


def _verdict(session: Session, pod: JsonObject, before: str = "") -> CheckFailed:
    uid = pod["metadata"]["uid"]
    events = session.api.get(session.path(EVENTS), {"fieldSelector": f"involvedObject.uid={uid}"})
    description = describe_pod(pod, events.get("items") or [])
    detail = f"{before}: {description}" if before else description
    return CheckFailed(detail, hint_for(pod, description))


def _no_kubelet(what: str, pod: JsonObject, error: ApiError | ApiUnreachableError) -> CheckFailed:
    said = error.message if isinstance(error, ApiError) else "the API server did not answer in time"
    return CheckFailed(f"{what} {_place(pod)}: {said}", _KUBELET_HINT)


def _place(pod: JsonObject) -> str:
    return f"pod {pod['metadata']['name']} on {pod['spec'].get('nodeName', 'no node')}"


def _first(pods: Iterable[JsonObject], wanted: Callable[[JsonObject], bool]) -> JsonObject | None:
    return next((pod for pod in pods if wanted(pod)), None)
