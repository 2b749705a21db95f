"""The network of an AKS cluster: `cluster.azure.network`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kprov.model.spec import Cidr, Spec


class NatGatewaySpec(Spec):
    """The NAT gateway of `outbound: managedNATGateway`."""

    ips: int | None = Field(default=None, ge=1, le=16)
    """How many public addresses."""
    idle_timeout: int | None = Field(default=None, ge=4, le=120)
    """Minutes."""


class LoadBalancerSpec(Spec):
    """The load balancer of `outbound: loadBalancer`."""

    ips: int | None = Field(default=None, ge=1, le=100)
    """How many public addresses Azure makes."""
    ports: int | None = Field(default=None, ge=0, le=64000)
    """Outbound ports of each node; 0: Azure divides them."""
    idle_timeout: int | None = Field(default=None, ge=4, le=120)
    """Minutes."""


class AzureNetworkSpec(Spec):
    """Pod network, policies, ways out and in."""

    plugin: Literal["azure", "kubenet", "none"] | None = None
    """`azure`, or `none` to bring your own. `kubenet` is retired."""
    mode: Literal["overlay"] | None = None
    """`overlay`: pods have a range of their own, apart from the subnet of the nodes."""
    dataplane: Literal["azure", "cilium"] | None = None
    policy: Literal["none", "azure", "calico", "cilium"] | None = None
    """Which engine enforces NetworkPolicy."""
    pods: Cidr | None = None
    """Range of pods, with `mode: overlay`."""
    services: Cidr | None = None
    """Range of Services."""
    dns: str | None = None
    """Address of the cluster DNS; unset: the tenth of `services`."""
    outbound: (
        Literal[
            "loadBalancer",
            "userDefinedRouting",
            "managedNATGateway",
            "userAssignedNATGateway",
            "none",
        ]
        | None
    ) = None
    """How pods and nodes reach the world."""
    load_balancer_sku: Literal["standard", "basic"] | None = None
    """`standard`; `basic` is retired."""
    load_balancer: LoadBalancerSpec = Field(default_factory=LoadBalancerSpec)
    nat_gateway: NatGatewaySpec = Field(default_factory=NatGatewaySpec)
    authorized_ips: list[Cidr] | None = None
    """Ranges that may reach the API; `[]`: everybody."""
    private: bool | None = None
    """The API has a private address only."""
    private_dns_zone: str | None = None
    """`system`, `none`, or the resource id of a zone."""
