"""Subscriptions, and registration of resource providers.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
"""

from __future__ import annotations

from tests.azure.arm import Call, Route
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json, Response

PROVIDERS = (
    "Microsoft.ContainerService",
    "Microsoft.Network",
    "Microsoft.Compute",
    "Microsoft.OperationsManagement",
    "Microsoft.OperationalInsights",
    "Microsoft.Insights",
    "Microsoft.Monitor",
    "Microsoft.ManagedIdentity",
    "Microsoft.ContainerRegistry",
    "Microsoft.AlertsManagement",
    "Microsoft.Authorization",
)


def subscription(call: Call) -> Response:
    """The subscription itself."""
    it = call.subscription
    body = {
        "id": f"/subscriptions/{it.id}",
        "subscriptionId": it.id,
        "tenantId": it.tenant,
        "displayName": it.name,
        "state": it.state,
    }
    return Response(200, body)


def _provider(call: Call, namespace: str) -> Json:
    name = next((each for each in PROVIDERS if each.lower() == namespace.lower()), None)
    if name is None:
        raise Refusal(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{namespace}' is invalid.",
            by_arm=True,
        )
    return {
        "id": f"/subscriptions/{call.subscription.id}/providers/{name}",
        "namespace": name,
        "registrationPolicy": "RegistrationRequired",
        "registrationState": call.subscription.registered.get(name.lower(), "NotRegistered"),
        "resourceTypes": [],
    }


def provider(call: Call) -> Response:
    """How registration of a provider stands; `Registering` is over when it is asked again."""
    body = _provider(call, call["namespace"])
    if body["registrationState"] == "Registering":
        call.subscription.registered[call["namespace"].lower()] = "Registered"
    return Response(200, body)


def register(call: Call) -> Response:
    """Registration takes a while: `Registering` first."""
    body = _provider(call, call["namespace"])
    if body["registrationState"] != "Registered":
        call.subscription.registered[call["namespace"].lower()] = "Registering"
        body["registrationState"] = "Registering"
    return Response(200, body)


ROUTES = [
    Route("GET", "", "Microsoft.Resources/subscriptions/read", subscription),
    Route(
        "GET",
        "/providers/{namespace}",
        "Microsoft.Resources/subscriptions/providers/read",
        provider,
    ),
    Route("POST", "/providers/{namespace}/register", "{namespace}/register/action", register),
]
