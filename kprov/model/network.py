"""The network as people write it: address ranges, pod network, service proxy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from kprov.model.spec import Cidr, Spec

_ADDONS = ("calico", "cilium", "flannel")


def _not_an_addon(value: object) -> object:
    """Refuse pod networks that are add-ons, with what to write instead."""
    if value in _ADDONS:
        raise ValueError(
            f"{value} is installed as an add-on: write `cni: none`, and {value} in `cluster.addons`"
        )
    return value


class NetworkSpec(Spec):
    """Address ranges, pod network, service proxy."""

    pods: Cidr = "10.244.0.0/16"
    """Range that pods get their addresses from; every node gets a part of it."""
    services: Cidr = "10.96.0.0/16"
    """Range of Service addresses; the first is the API's, the tenth the cluster DNS."""
    cni: Annotated[Literal["bridge", "vxlan", "none"], BeforeValidator(_not_an_addon)] = "bridge"
    """`bridge`: a bridge per node and routes between nodes on one L2. `vxlan`: the same through a
    tunnel, for nodes on different networks (UDP port 4789 between them). `none`: bring your own.
    """
    proxy: Literal["auto", "iptables", "ipvs", "nftables", "none"] = "auto"
    """kube-proxy mode. `auto`: what runs stays; new clusters get nftables from v1.33 on where all
    nodes have kernel 5.13 and nft 1.0.1, otherwise iptables. `none`: something else does its work.
    """
    node_mask: int = Field(default=24, ge=16, le=28)
    """Prefix length of each node's part of the pod range."""
    domain: str = "cluster.local"
    """DNS domain of the cluster."""
    dns: bool = True
    """Install CoreDNS."""
