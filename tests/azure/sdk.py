"""The real SDK, pointed at the emulator, with nothing replaced but addresses."""

from __future__ import annotations

import functools
from typing import Any

from azure.identity import ClientSecretCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.trafficmanager import TrafficManagerManagementClient

from tests.azure.emulator import Emulator

Json = dict[str, Any]
GROUP = "rg1"
REGION = "westeurope"


class Sdk:
    """Clients for one emulator, made when they are asked for."""

    def __init__(self, azure: Emulator, **client: Any) -> None:
        self.azure = azure
        self.options = {
            "base_url": azure.endpoint,
            "connection_verify": str(azure.ca_file),
            "polling_interval": 0,
            "retry_backoff_factor": 0,
            **client,
        }

    @functools.cached_property
    def credential(self) -> ClientSecretCredential:
        """The unmodified credential: it discovers the authority and asks for tokens."""
        return ClientSecretCredential(
            self.azure.tenant,
            self.azure.client,
            self.azure.secret,
            authority=self.azure.endpoint,
            disable_instance_discovery=True,
            connection_verify=str(self.azure.ca_file),
        )

    @functools.cached_property
    def aks(self) -> ContainerServiceClient:
        """Clusters and pools."""
        return ContainerServiceClient(self.credential, self.azure.subscription, **self.options)

    @functools.cached_property
    def resources(self) -> ResourceManagementClient:
        """Groups and providers."""
        return ResourceManagementClient(self.credential, self.azure.subscription, **self.options)

    @functools.cached_property
    def traffic(self) -> TrafficManagerManagementClient:
        """Traffic Manager profiles."""
        return TrafficManagerManagementClient(
            self.credential, self.azure.subscription, **self.options
        )

    def group(self, name: str = GROUP) -> None:
        """A resource group."""
        self.resources.resource_groups.create_or_update(name, {"location": REGION})

    def put(self, body: Json, name: str = "c1", **options: Any) -> Json:
        """PUT a cluster and wait."""
        poller = self.aks.managed_clusters.begin_create_or_update(GROUP, name, body, **options)
        return dict(poller.result().as_dict())

    def get(self, name: str = "c1") -> Json:
        """The cluster's wire JSON."""
        return dict(self.aks.managed_clusters.get(GROUP, name).as_dict())

    def put_pool(self, pool: str, properties: Json, name: str = "c1", **options: Any) -> Json:
        """PUT a pool and wait."""
        poller = self.aks.agent_pools.begin_create_or_update(
            GROUP, name, pool, {"properties": properties}, **options
        )
        return dict(poller.result().as_dict())


def system_pool(**changes: Any) -> Json:
    """A system pool as one would send it."""
    return {
        "name": "system",
        "mode": "System",
        "vmSize": "Standard_D4ds_v5",
        "count": 3,
        **changes,
    }


def user_pool(**changes: Any) -> Json:
    """A user pool's properties."""
    return {"mode": "User", "vmSize": "Standard_D8ds_v5", "count": 2, **changes}


def cluster(*pools: Json, **properties: Any) -> Json:
    """A cluster's body: the least there is, and what is given."""
    return {
        "location": REGION,
        "identity": {"type": "SystemAssigned"},
        "properties": {
            "dnsPrefix": "c1",
            "kubernetesVersion": "1.35",
            "agentPoolProfiles": list(pools) or [system_pool()],
            **properties,
        },
    }
