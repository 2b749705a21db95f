"""What Azure has of a cluster, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov.providers.aks.wire import Json, at

SETTLED = ("succeeded", "failed", "canceled")
"""Provisioning states in which nothing is going on."""
BROKEN = ("failed", "canceled")


@dataclass(frozen=True, slots=True)
class Observed:
    """One look; bodies are wire JSON."""

    group: Mapping[str, Any] | None
    """The resource group; None when there is none."""
    cluster: Mapping[str, Any] | None
    unregistered: tuple[str, ...] = ()
    """Resource providers that the subscription is not registered for."""
    offered: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Minor to patches that the region has; only looked up when a version is about to change."""
    maintenance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attached: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Resource id to body, of those attachments that exist."""
    pulls: frozenset[str] = frozenset()
    """Registries that nodes may pull from."""

    @property
    def pools(self) -> dict[str, Json]:
        """Pool name to its properties."""
        listed = at(self.cluster, "properties.agentPoolProfiles") or []
        return {pool["name"]: dict(pool) for pool in listed}

    @property
    def state(self) -> str:
        """The cluster's provisioning state, `missing` when there is no cluster."""
        if self.cluster is None:
            return "missing"
        return str(at(self.cluster, "properties.provisioningState") or "Succeeded")

    @property
    def busy(self) -> str:
        """What is going on, in words; an empty text when nothing is."""
        if self.cluster is None:
            return ""
        states = {"cluster": self.state} | {
            f"pool {name}": str(pool.get("provisioningState") or "Succeeded")
            for name, pool in self.pools.items()
        }
        going = [f"{of}: {state}" for of, state in states.items() if state.lower() not in SETTLED]
        return ", ".join(going)

    @property
    def stopped(self) -> bool:
        """Whether somebody has stopped the cluster to save money."""
        return bool(at(self.cluster, "properties.powerState.code") == "Stopped")

    @property
    def version(self) -> str:
        """The version of the control plane."""
        current = at(self.cluster, "properties.currentKubernetesVersion")
        return str(current or at(self.cluster, "properties.kubernetesVersion"))

    @property
    def kubelet_identity(self) -> str | None:
        """Object id of the identity nodes pull images with."""
        found = at(self.cluster, "properties.identityProfile.kubeletidentity.objectId")
        return None if found is None else str(found)


def pool_version(pool: Mapping[str, Any]) -> str:
    """The version of a pool's nodes."""
    return str(pool.get("currentOrchestratorVersion") or pool.get("orchestratorVersion"))


def is_broken(body: Mapping[str, Any]) -> bool:
    """Whether the last operation on a cluster or pool ended badly: a new PUT mends it."""
    state = at(body, "properties.provisioningState") or body.get("provisioningState") or ""
    return str(state).lower() in BROKEN
