"""Check: the cluster's DNS, where its image is available."""

from __future__ import annotations

import re
from collections.abc import Callable

from kprov.engine.verify import fleet
from kprov.engine.verify.api import ApiError
from kprov.engine.verify.ask import LIMITED
from kprov.engine.verify.diagnosis import (
    describe_pod,
    hint_for,
    image_missing,
    images,
    still_pulling,
)
from kprov.engine.verify.parallel import outcomes
from kprov.engine.verify.podwork import is_running, shell
from kprov.engine.verify.resources import EVENTS, PODS, SERVICES
from kprov.engine.verify.services import ready_addresses
from kprov.engine.verify.session import Session, by_label
from kprov.engine.verify.values import CheckFailed, CheckNotRun, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_at

_NOT_FOUND = 404
_AT_ONCE = 16
_SECONDS = 40.0

# The answer and not the exit code counts: busybox also asks for AAAA, and calls none an error.
_LOOK_UP = (
    LIMITED
    + """
set -f; n=1
while :; do
  answer=$(limited 4 nslookup "$1")
  case " $(echo $answer) " in *" $2 "*) break ;; esac
  [ "$n" -lt 6 ] || break
  n=$((n + 1)); sleep 1
done
echo "$answer"
"""
)


def dns(session: Session) -> str:
    """Pods on every node resolve the API's Service by name."""
    endpoints = _endpoints(session)
    webs = fleet.webs(session)
    configuration = shell(session, next(iter(webs.values())), "cat /etc/resolv.conf").out
    domain = service_domain(configuration)
    if not domain:
        raise CheckFailed(
            f"no `svc.` search domain in a pod's /etc/resolv.conf: {configuration.split()}",
            "the kubelet's clusterDNS and clusterDomain",
        )
    name = f"kubernetes.default.{domain}"
    address = session.api.get(SERVICES.path("default", "kubernetes"))["spec"]["clusterIP"]
    places = sorted(webs)
    failures = []
    jobs = [_look_up(session, webs[place], name, address) for place in places]
    for index, outcome in outcomes(jobs, limit=_AT_ONCE, patience=session.options.timeout):
        if isinstance(outcome, CheckFailed | TimeoutError):
            failures.append(f"on {places[index]}: {outcome}")
        elif isinstance(outcome, Exception):
            raise outcome
        elif not re.search(rf"(^|\s){re.escape(address)}(\s|$)", outcome):
            failures.append(f"on {places[index]}: {' '.join(outcome.split()) or 'no answer'}")
    if failures:
        raise CheckFailed(
            f"{name} is not resolved {'; '.join(sorted(failures))}; "
            f"DNS pods: {', '.join(endpoints)}",
            "the DNS pods' logs, and kube-proxy on the nodes that fail",
        )
    return f"{name} is {address}, asked on {len(places)} node{'s'[: len(places) > 1]}"


def service_domain(resolv_conf: str) -> str:
    """`svc.DOMAIN` out of a pod's resolv.conf; empty when it has no such search domain."""
    for line in resolv_conf.splitlines():
        words = line.split()
        if words and words[0] == "search":
            return next((word for word in words[1:] if word.startswith("svc.")), "")
    return ""


def _look_up(session: Session, pod: JsonObject, name: str, address: str) -> Callable[[], str]:
    return lambda: shell(session, pod, _LOOK_UP, name, address, seconds=_SECONDS).out


def _endpoints(session: Session) -> list[str]:
    """Wait for the DNS Service's endpoints; CheckNotRun when there is no DNS, or no image of it."""
    namespace, name = session.options.dns_namespace, session.options.dns_service
    try:
        service = session.api.get(SERVICES.path(namespace, name))
    except ApiError as error:
        if error.status == _NOT_FOUND:
            raise CheckNotRun(f"no Service {name} in {namespace}") from error
        raise
    selector = ",".join(
        f"{key}={value}" for key, value in (service["spec"].get("selector") or {}).items()
    )

    def ready(slices: Objects) -> list[str] | None:
        addresses = ready_addresses(slices.values())
        if not addresses:
            _not_run_without_image(_dns_pods(session, selector))
        return addresses or None

    try:
        return wait_at(
            session.api,
            session.server.endpoint_slices.path(namespace),
            by_label(f"kubernetes.io/service-name={name}"),
            ready,
            lambda: session.remaining,
        )
    except WaitTimeout:
        raise _no_endpoints(session, selector) from None


def _dns_pods(session: Session, selector: str) -> list[JsonObject]:
    path = PODS.path(session.options.dns_namespace)
    return session.api.get(path, {"labelSelector": selector}).get("items") or []


def _not_run_without_image(pods: list[JsonObject]) -> None:
    lacking = [pod for pod in pods if image_missing(pod)]
    if lacking:
        raise CheckNotRun(f"no image: {', '.join(images(lacking[0]))} cannot be pulled")


def _no_endpoints(session: Session, selector: str) -> CheckFailed | CheckNotRun:
    name, namespace = session.options.dns_service, session.options.dns_namespace
    for pod in _dns_pods(session, selector):
        if not is_running(pod):
            query = {"fieldSelector": f"involvedObject.uid={pod['metadata']['uid']}"}
            events = session.api.get(EVENTS.path(namespace), query).get("items") or []
            if still_pulling(events):
                return CheckNotRun(f"no image: {', '.join(images(pod))} is still being pulled")
            description = describe_pod(pod, events)
            return CheckFailed(
                f"Service {name} has no endpoints: {description}", hint_for(pod, description)
            )
    return CheckFailed(f"Service {name} has no endpoints, and no pod matches {selector}")
