"""Checks: labels, RBAC, service account tokens."""

from __future__ import annotations

from kprov.engine.verify.api import Api, ApiError
from kprov.engine.verify.ask import ask
from kprov.engine.verify.objects import container, stay, url
from kprov.engine.verify.podwork import execute, running, start_pod
from kprov.engine.verify.resources import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    NODES,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SELF_SUBJECT_ACCESS_REVIEWS,
    SERVICE_ACCOUNTS,
    SERVICES,
    SUBJECT_ACCESS_REVIEWS,
    ApiResource,
)
from kprov.engine.verify.session import Session, by_name
from kprov.engine.verify.values import CheckFailed, JsonObject
from kprov.engine.verify.wait import Objects, WaitTimeout, wait_for

_READER = "reader"
_TOKENS = "/var/run/secrets/kubernetes.io/serviceaccount"
_OK, _UNAUTHORIZED, _FORBIDDEN = 200, 401, 403
_RBAC_HINT = "`--authorization-mode=Node,RBAC` on every kube-apiserver?"
_KEY_PAIR_HINT = (
    "do all API servers and the controller manager use the same service account key pair, and the "
    "same `--service-account-issuer`?"
)


def labels(session: Session) -> str:
    """Equality and set-based label selectors find what they should, also after a change."""
    colours = {"labels-one": "red", "labels-two": "green", "labels-three": "blue"}
    for name, colour in colours.items():
        session.create(CONFIG_MAPS, name, labels={"colour": colour}, data={})
    expected = {
        "colour=red": {"labels-one"},
        "colour!=red,colour": {"labels-two", "labels-three"},
        "colour in (red,blue)": {"labels-one", "labels-three"},
        "colour notin (red,blue),colour": {"labels-two"},
    }
    for selector, names in expected.items():
        _selects(session, selector, names)
    session.patch(CONFIG_MAPS, "labels-one", {"metadata": {"labels": {"colour": "green"}}})
    _selects(session, "colour=green", {"labels-one", "labels-two"})
    return "=, !=, in, notin, exists; and after a label changed"


def rbac(session: Session) -> str:
    """A service account may do what its roles say and nothing else, asked for and tried."""
    _bind_reader(session)
    user = f"system:serviceaccount:{session.namespace}:{_READER}"
    may = {"verb": "list", "resource": "configmaps", "namespace": session.namespace}
    may_not = {**may, "resource": "secrets"}
    _allowed_soon(session, user, may)
    if _review(session.api, SUBJECT_ACCESS_REVIEWS, {"user": user, "resourceAttributes": may_not}):
        raise CheckFailed(f"{user} may list secrets, though no role says so", _RBAC_HINT)
    reader = session.api.as_bearer(_token(session, _READER))
    if _review(reader, SELF_SUBJECT_ACCESS_REVIEWS, {"resourceAttributes": may_not}):
        raise CheckFailed("can-i list secrets says yes, though no role does", _RBAC_HINT)
    for resource, expected in (
        (CONFIG_MAPS, _OK),
        (SECRETS, _FORBIDDEN),
        (NODES, _OK),
        (CLUSTER_ROLES, _FORBIDDEN),
    ):
        _answers(reader, session.path(resource), expected, user)
    _answers(session.api.as_bearer("not-a-token"), session.path(NODES), _UNAUTHORIZED, "nobody")
    return "allowed: configmaps, nodes; denied: secrets, clusterroles, a wrong token"


def service_account(session: Session) -> str:
    """A pod gets a token that the API knows as its service account, and reaches the API."""
    name = "in-pod"
    session.create(SERVICE_ACCOUNTS, name)
    _wait_for_token(session, name)
    main = container(session.options.image, stay())
    start_pod(session, name, main, serviceAccountName=name, automountServiceAccountToken=True)
    pod = running(session, name)
    token = execute(session, pod, "cat", f"{_TOKENS}/token").out.strip()
    if not token:
        raise CheckFailed(f"{_TOKENS}/token in the pod is empty", _KEY_PAIR_HINT)
    user = f"system:serviceaccount:{session.namespace}:{name}"
    error = _answers(session.api.as_bearer(token), session.path(SECRETS), _FORBIDDEN, user)
    if user not in error:
        raise CheckFailed(f"the API does not know the pod's token as {user}: {error}")
    _reaches_api(session, pod)
    return f"known to the API as {user}, API reached from the pod"


def _selects(session: Session, selector: str, expected: set[str]) -> None:
    found = {entry["metadata"]["name"] for entry in session.select(CONFIG_MAPS, selector)}
    if found != expected:
        raise CheckFailed(f"selector {selector!r} finds {sorted(found)}, not {sorted(expected)}")


def _bind_reader(session: Session) -> None:
    """A service account that may read config maps here, and nodes by a cluster role."""
    session.create(SERVICE_ACCOUNTS, _READER)
    subject = {"kind": "ServiceAccount", "name": _READER, "namespace": session.namespace}
    for role, binding, name, resource in (
        (ROLES, ROLE_BINDINGS, _READER, "configmaps"),
        (CLUSTER_ROLES, CLUSTER_ROLE_BINDINGS, session.namespace, "nodes"),
    ):
        rule = {"apiGroups": [""], "resources": [resource], "verbs": ["get", "list"]}
        session.create(role, name, rules=[rule])
        group = role.api_version.partition("/")[0]
        reference = {"apiGroup": group, "kind": role.kind, "name": name}
        session.create(binding, name, roleRef=reference, subjects=[subject])


def _allowed_soon(session: Session, user: str, attributes: JsonObject) -> None:
    """Wait until the authorizer has seen the binding: it follows the API by watching, too."""
    spec = {"user": user, "resourceAttributes": attributes}
    nodes = {"user": user, "resourceAttributes": {"verb": "list", "resource": "nodes"}}
    while not all(_review(session.api, SUBJECT_ACCESS_REVIEWS, each) for each in (spec, nodes)):
        if not session.remaining:
            raise CheckFailed(f"{user} may not list configmaps and nodes, though roles say so")
        session.cancelled.wait(0.05)


def _review(api: Api, kind: ApiResource, spec: JsonObject) -> bool:
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}
    return bool(api.create(kind.path(), body)["status"].get("allowed"))


def _token(session: Session, name: str) -> str:
    """A token of the service account, by the TokenRequest API (Kubernetes 1.20 and later)."""
    path = session.path(SERVICE_ACCOUNTS, name, "token")
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": 600},
    }
    return str(session.api.create(path, body)["status"]["token"])


def _answers(api: Api, path: str, expected: int, user: str) -> str:
    """Assert the HTTP status of reading a path; return the API's message, empty for 200."""
    status, message = _OK, ""
    try:
        api.get(path)
    except ApiError as error:
        status, message = error.status, error.message
    if status != expected:
        hint = _KEY_PAIR_HINT if status == _UNAUTHORIZED else _RBAC_HINT
        raise CheckFailed(
            f"{user} reading {path}: HTTP {status} {message}, expected {expected}", hint
        )
    return message


def _wait_for_token(session: Session, name: str) -> None:
    """Until Kubernetes 1.23 a pod is refused while its account has no token Secret yet."""
    if not session.server.makes_token_secrets:
        return

    def has_token(accounts: Objects) -> bool | None:
        return True if accounts.get(name, {}).get("secrets") else None

    try:
        wait_for(session, SERVICE_ACCOUNTS, by_name(name), has_token)
    except WaitTimeout:
        raise CheckFailed(
            f"no token was made for service account {name}",
            "is kube-controller-manager running with --service-account-private-key-file?",
        ) from None


def _reaches_api(session: Session, pod: JsonObject) -> None:
    """Assert that the API answers at its Service address: plain HTTP is told to speak TLS."""
    service = session.api.get(SERVICES.path("default", "kubernetes"))["spec"]
    target = url(service["clusterIP"], service["ports"][0]["port"])
    (answer,) = ask(session, pod, [target])
    if "400" not in answer.text:
        raise CheckFailed(
            f"pod {pod['metadata']['name']} on {pod['spec']['nodeName']} does not reach the API "
            f"at {target}: {answer.text}",
            "the Service `kubernetes` in namespace default: its endpoints, kube-proxy on that node",
        )
