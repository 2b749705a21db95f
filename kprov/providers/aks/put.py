"""PUT bodies: everything Azure has of a resource, what is wanted laid over it, states left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kprov.providers.aks import pools
from kprov.providers.aks.wire import Json, overlay

_TOP = ("id", "name", "type", "systemData", "eTag")
_STATES = (
    "provisioningState", "powerState", "maxAgentPools", "currentKubernetesVersion", "fqdn",
    "privateFQDN", "azurePortalFQDN", "resourceUID", "status", "privateLinkResources",
)  # fmt: skip


def cluster_body(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """A cluster's whole body. Every pool has to be in it, as Azure gave it."""
    body = overlay({k: v for k, v in observed.items() if k not in _TOP}, wanted)
    properties: Json = {k: v for k, v in body["properties"].items() if k not in _STATES}
    if (properties.get("servicePrincipalProfile") or {}).get("clientId") == "msi":
        del properties["servicePrincipalProfile"]  # of managed identities; refused when sent back
    profiles = observed["properties"].get("agentPoolProfiles") or []
    properties["agentPoolProfiles"] = [
        {"name": profile["name"], **pools.sent(profile, {})} for profile in profiles
    ]
    body["properties"] = properties
    body["identity"] = _identity(body.get("identity"))
    return {key: value for key, value in body.items() if value is not None}


def pool_body(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """A pool's whole body for the agentPools API."""
    sent = pools.sent(observed, wanted)
    sent.pop("provisioningState", None)
    return {"properties": sent}


def _identity(identity: Mapping[str, Any] | None) -> Json | None:
    """Who may be told apart by their ids only: the rest is Azure's to say."""
    if identity is None:
        return None
    body: Json = {"type": identity.get("type")}
    if identity.get("userAssignedIdentities") and identity.get("type") == "UserAssigned":
        body["userAssignedIdentities"] = {name: {} for name in identity["userAssignedIdentities"]}
    return body
