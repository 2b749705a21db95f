"""What Azure would refuse in `cluster.azure.network`: combinations, ranges, what is retired.

Sources: AKS documentation (network concepts, Azure CNI powered by Cilium, outbound types, API
server authorized ranges, retirements).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kprov.inventory.faults import Fault
from kprov.model.azure_network import AzureNetworkSpec

_PATH = ("azure", "network")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A combination that Azure refuses, and the field to blame for it."""

    field: str
    refused: Callable[[AzureNetworkSpec], object]
    what: str
    hint: str = ""


# fmt: off
_RULES = (
    _Rule("plugin", lambda its: its.plugin == "kubenet", "kubenet is retired",
          "use `plugin: azure, mode: overlay`: pods keep a range of their own; "
          "https://aka.ms/kubenet-retirement"),
    _Rule("load_balancer_sku", lambda its: its.load_balancer_sku == "basic",
          "the basic load balancer is retired since 2025-09-30",
          "use `standard`: it is the default, the line can go"),
    _Rule("mode", lambda its: its.mode == "overlay" and its.plugin == "none",
          "`mode: overlay` needs `plugin: azure`"),
    _Rule("dataplane", lambda its: its.dataplane == "cilium" and its.plugin == "none",
          "`dataplane: cilium` needs `plugin: azure`"),
    _Rule("policy", lambda its: its.policy == "cilium" and its.dataplane != "cilium",
          "`policy: cilium` needs `dataplane: cilium`"),
    _Rule("policy", lambda its: its.dataplane == "cilium" and its.policy in ("azure", "calico"),
          "`dataplane: cilium` enforces no other policy than its own", "write `policy: cilium`"),
    _Rule("policy", lambda its: its.plugin == "none" and its.policy not in (None, "none"),
          "`plugin: none` brings no policy engine", "remove `policy`"),
    _Rule("authorized_ips", lambda its: its.private and its.authorized_ips,
          "a private API has no `authorized_ips`: only its network reaches it",
          "keep one of `private` and `authorized_ips`"),
    _Rule("private_dns_zone", lambda its: its.private_dns_zone and not its.private,
          "`private_dns_zone` needs `private: true`"),
    _Rule("nat_gateway",
          lambda its: its.nat_gateway.model_fields_set and its.outbound != "managedNATGateway",
          "`nat_gateway` needs `outbound: managedNATGateway`"),
    _Rule("load_balancer",
          lambda its: its.load_balancer.model_fields_set
          and its.outbound not in (None, "loadBalancer"),
          "`load_balancer` needs `outbound: loadBalancer`"),
    _Rule("pods", lambda its: its.pods and its.plugin == "azure" and its.mode != "overlay",
          "with `plugin: azure` and no overlay, pods have addresses of the subnet",
          "add `mode: overlay`, or remove `pods`"),
)
# fmt: on


def network_faults(network: AzureNetworkSpec) -> Iterator[Fault]:
    """Everything that is wrong in `cluster.azure.network`."""
    for rule in _RULES:
        if rule.refused(network):
            yield Fault((*_PATH, rule.field), rule.what, rule.hint)
    yield from _ranges(network)
    if network.dns is not None:
        yield from _dns(network.dns, network.services)


def _ranges(network: AzureNetworkSpec) -> Iterator[Fault]:
    pods = ipaddress.ip_network(network.pods) if network.pods else None
    services = ipaddress.ip_network(network.services) if network.services else None
    if pods and services and pods.overlaps(services):
        what = f"`pods` {pods} overlaps `services` {services}"
        yield Fault((*_PATH, "services"), what, "take ranges that share no address")
    if services and services.version == 4 and services.prefixlen < 12:
        yield Fault((*_PATH, "services"), f"`services` {services} is larger than a /12")


def _dns(text: str, range_: str | None) -> Iterator[Fault]:
    path = (*_PATH, "dns")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        yield Fault(path, f"`dns` is {text!r}, expected an address of `services`")
        return
    if range_ is None:
        yield Fault(path, "`dns` needs `services`, the range it is in")
        return
    services = ipaddress.ip_network(range_)
    if address not in services:
        yield Fault(path, f"`dns` {address} is not in `services` {services}")
    elif address in (services[0], services[1]):
        yield Fault(path, f"`dns` {address} is the address of the API", f"such as {services[10]}")
