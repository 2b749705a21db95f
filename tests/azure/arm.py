"""The gateway: who is calling, for which subscription, may they, and whose handler answers.

Order of checks as seen in Azure: token, subscription, api-version, permission, registration, lock.
Source: https://learn.microsoft.com/azure/azure-resource-manager/management/ (request limits, locks,
resource providers) and aks.md 6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Request, Response
from tests.azure.identities import Application
from tests.azure.state import Subscription
from tests.azure.world import World


@dataclass(frozen=True)
class Call:
    """A request that may be answered."""

    world: World
    request: Request
    subscription: Subscription
    caller: Application
    params: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.params[name]

    @property
    def strict(self) -> bool:
        """Are rules that need meaning applied?"""
        return not self.world.settings.lax


Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Route:
    """A path with `{parameters}` after the subscription, its action and its handler."""

    method: str
    template: str
    action: str
    handler: Handler
    namespace: str = "Microsoft.Resources"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Paths are compared without regard to case (aks.md 3: SDK clients differ)."""
        inner = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template)
        return re.compile(inner, re.IGNORECASE)


_SUBSCRIPTION = re.compile(r"/subscriptions/(?P<id>[^/]+)(?P<rest>/.*)?", re.IGNORECASE)
_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-preview)?")


class Gateway:
    """Answers ARM requests from a table of routes."""

    def __init__(self, world: World, routes: list[Route]) -> None:
        self.world = world
        self.routes = [(route, route.pattern) for route in routes]

    def answer(self, request: Request) -> Response:
        """The answer; refusals are raised."""
        caller = self.world.tokens.bearer(request)
        matched = _SUBSCRIPTION.fullmatch(request.path.rstrip("/"))
        if matched is None:
            raise Refusal(404, "InvalidResourceType", f"No route for {request.path}.", by_arm=True)
        subscription = self._subscription(matched["id"], caller)
        _check_version(request)
        route, params = self._route(request, matched["rest"] or "")
        self._authorize(caller, route.action.format(**params), request.path)
        _check_registered(subscription, route)
        _check_lock(subscription, route, params, request.path)
        return route.handler(Call(self.world, request, subscription, caller, params))

    def _subscription(self, wanted: str, caller: Application) -> Subscription:
        found = self.world.subscriptions.get(wanted.lower())
        if found is None:
            raise Refusal(
                404,
                "SubscriptionNotFound",
                f"The subscription '{wanted}' could not be found.",
                by_arm=True,
            )
        if found.tenant != caller.tenant:
            raise Refusal(
                401,
                "InvalidAuthenticationTokenTenant",
                "The access token is from the wrong issuer "
                f"'https://sts.windows.net/{caller.tenant}/'. It must match the tenant "
                f"'https://sts.windows.net/{found.tenant}/' associated with this subscription.",
                by_arm=True,
            )
        return found

    def _route(self, request: Request, rest: str) -> tuple[Route, dict[str, str]]:
        for route, pattern in self.routes:
            if route.method == request.method and (matched := pattern.fullmatch(rest)):
                return route, matched.groupdict()
        raise Refusal(
            404,
            "InvalidResourceType",
            f"The resource type could not be found for {request.method} {request.path}.",
            by_arm=True,
        )

    def _authorize(self, caller: Application, action: str, path: str) -> None:
        if not caller.may(action, path):
            raise Refusal(
                403,
                "AuthorizationFailed",
                f"The client '{caller.client}' with object id '{caller.object_id}' does not have "
                f"authorization to perform action '{action}' over scope '{path}' or the "
                "scope is invalid. If access was recently granted, please refresh your "
                "credentials.",
                by_arm=True,
            )


def _check_version(request: Request) -> None:
    version = request.query.get("api-version", "")
    if not version:
        raise Refusal(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
            by_arm=True,
        )
    if not _VERSION.fullmatch(version):
        raise Refusal(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid.",
            by_arm=True,
        )


def _check_registered(subscription: Subscription, route: Route) -> None:
    """Reads work before registration, writes do not (aks.md 2: MissingSubscriptionRegistration)."""
    name = route.namespace
    always = {"microsoft.resources", "microsoft.authorization"}
    if route.method == "GET" or name.lower() in always:
        return
    if subscription.registered.get(name.lower()) != "Registered":
        message = (
            f"The subscription is not registered to use namespace '{name}'. See "
            "https://aka.ms/rps-not-found for how to register subscriptions."
        )
        code = "MissingSubscriptionRegistration"
        details = [{"code": code, "target": name, "message": message}]
        raise Refusal(409, code, message, details=details, by_arm=True)


def _check_lock(
    subscription: Subscription, route: Route, params: dict[str, str], path: str
) -> None:
    """https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources."""
    group = subscription.groups.get(params.get("group", "").lower())
    if group is None or "/locks" in route.template or route.method in {"GET", "HEAD"}:
        return
    levels = {"ReadOnly"} | ({"CanNotDelete"} if route.method == "DELETE" else set())
    if levels & set(group.locks.values()):
        verb = "delete" if route.method == "DELETE" else "write"
        scope = f"/subscriptions/{subscription.id}/resourceGroups/{group.name}"
        raise Refusal(
            409,
            "ScopeLocked",
            f"The scope '{path}' cannot perform {verb} operation because following scope(s) are "
            f"locked: '{scope}'. Please remove the lock and try again.",
            by_arm=True,
        )
