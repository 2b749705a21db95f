"""One name in front of several clusters: `failover` beside `clusters`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kprov.model.spec import Spec


class ProbeSpec(Spec):
    """How Traffic Manager finds out whether a cluster answers."""

    protocol: Literal["HTTP", "HTTPS", "TCP"] = "HTTPS"
    port: int = Field(default=443, ge=1, le=65535)
    path: str | None = "/"
    interval: Literal[10, 30] = 30
    """Seconds."""
    timeout: int = Field(default=10, ge=5, le=10)
    """Seconds; at most 9 with an interval of 10."""
    failures: int = Field(default=3, ge=0, le=9)
    """How many in a row are tolerated."""


class EndpointSpec(Spec):
    """Where one of the clusters answers."""

    cluster: str
    """Name of the cluster."""
    target: str | None = None
    """Name or address of its ingress; unset: the address of `service`."""
    service: str = "ingress-nginx/ingress-nginx-controller"
    """NAMESPACE/NAME of the Service of type LoadBalancer that brings traffic in."""
    weight: int | None = Field(default=None, ge=1, le=1000)
    """With `method: Weighted`."""


class TrafficManagerSpec(Spec):
    """An Azure Traffic Manager profile."""

    name: str | None = None
    """Name of the profile; unset: its `dns`."""
    dns: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """First part of its name: DNS.trafficmanager.net."""
    ttl: int = Field(default=60, ge=0, le=2147483647)
    """Seconds that resolvers keep an answer."""
    method: Literal["Priority", "Weighted", "Performance"] = "Priority"
    """`Priority`: the first cluster that answers, in written order."""
    probe: ProbeSpec = Field(default_factory=ProbeSpec)
    endpoints: list[EndpointSpec] = Field(default_factory=list)
    """Unset: every cluster, by its ingress Service."""


class FailoverSpec(Spec):
    """What leads users to the clusters."""

    traffic_manager: TrafficManagerSpec
