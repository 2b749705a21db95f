"""The network as people write it: address ranges, pod network, service proxy."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from kprov.model.spec import Spec, cidr

_ADDONS = ("calico", "cilium", "flannel")


def _not_an_addon(value: object) -> object:
    """Refuse pod networks that are add-ons, with what to write instead."""
    if value in _ADDONS:
        raise ValueError(
            f"{value} is installed as an add-on: write `cni: none`, and {value} in `cluster.addons`"
        )
    return value


def _joined(value: object) -> object:
    """A list as one text, in the form that Kubernetes' own flags have."""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return value


def _networks(value: str) -> str:
    return ",".join(cidr(item.strip()) for item in value.split(","))


_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Ranges = Annotated[
    str, BeforeValidator(_joined), AfterValidator(_networks), WithJsonSchema(_SCHEMA)
]
"""One range or two of different families: a text, with a comma between two, or a list."""


class NetworkSpec(Spec):
    """Address ranges, pod network, service proxy."""

    pods: Ranges = "10.244.0.0/16"
    """Range that pods get their addresses from; every node gets a part of it. Two make the cluster
    dual-stack: `[10.244.0.0/16, "fd00:10:244::/48"]`; the first family is that of the API.
    """
    services: Ranges = "10.96.0.0/16"
    """Range of Service addresses; the first is the API's, the tenth the cluster DNS. Dual-stack:
    two, in the order of `pods`; of IPv6 a /108, say.
    """
    cni: Annotated[Literal["bridge", "vxlan", "none"], BeforeValidator(_not_an_addon)] = "bridge"
    """`bridge`: a bridge per node and routes between nodes on one L2. `vxlan`: the same through a
    tunnel, for nodes on different networks (UDP port 4789 between them). `none`: bring your own.
    """
    proxy: Literal["auto", "iptables", "ipvs", "nftables", "none"] = "auto"
    """kube-proxy mode. `auto`: what runs stays; new clusters get nftables from v1.33 on where all
    nodes have kernel 5.13 and nft 1.0.1, otherwise iptables. `none`: something else does its work.
    """
    node_mask: int = Field(default=24, ge=16, le=28)
    """Prefix length of each node's part of the pods' IPv4 range."""
    node_mask_v6: int = Field(default=64, ge=16, le=124)
    """Prefix length of each node's part of the pods' IPv6 range."""
    domain: str = "cluster.local"
    """DNS domain of the cluster."""
    dns: bool = True
    """Install CoreDNS."""

    @property
    def pod_ranges(self) -> tuple[str, ...]:
        """The ranges of pods, one or two."""
        return tuple(self.pods.split(","))

    @property
    def service_ranges(self) -> tuple[str, ...]:
        """The ranges of Services, in the order of the pods'."""
        return tuple(self.services.split(","))

    @property
    def families(self) -> tuple[int, ...]:
        """4, 6 or both: the address families of pods and nodes; the first is the API's."""
        return tuple(ipaddress.ip_network(text).version for text in self.pod_ranges)
