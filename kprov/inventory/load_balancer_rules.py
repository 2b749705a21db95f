"""Rules about how nodes reach the control planes."""

from __future__ import annotations

from kprov.core.addresses import endpoint_parts
from kprov.inventory.findings import Findings
from kprov.inventory.names import address_of
from kprov.inventory.spec import ReadSpec
from kprov.model.host import Inventory


def check_load_balancer(inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    """All rules about `load_balancer`; problems go to `findings`."""
    if not read.good("load_balancer"):
        return
    match inventory.load_balancer:
        case "local":
            _check_port(read, findings)
        case "external" if read.spec.endpoint is None:
            what = "`cluster.load_balancer` is external, but there is no `cluster.endpoint`"
            hint = "endpoint: HOST:PORT of your load balancer"
            findings.problem(what, read.place("load_balancer"), hint)
        case "keepalived":
            _check_virtual_address(inventory, read, findings)


def _check_port(read: ReadSpec, findings: Findings) -> None:
    spec = read.spec
    if spec.load_balancer_port == spec.kube_apiserver.port:
        what = f"`cluster.load_balancer_port` {spec.load_balancer_port} is the apiserver's own port"
        place = read.place("load_balancer_port")
        findings.problem(what, place, "take another one: on control planes both are there")


def _check_virtual_address(inventory: Inventory, read: ReadSpec, findings: Findings) -> None:
    endpoint, place = read.spec.endpoint, read.place("endpoint")
    if endpoint is None:
        what = "`cluster.load_balancer` is keepalived, but there is no `cluster.endpoint`"
        hint = "endpoint: ADDRESS:PORT, a free address of the control planes' network"
        findings.problem(what, read.place("load_balancer"), hint)
        return
    (host, text), port = endpoint_parts(endpoint), read.spec.kube_apiserver.port
    address = address_of(host)
    if address is None or address.version != 4:
        what = f"`cluster.endpoint` is {endpoint!r}, expected an IPv4 address with keepalived"
        findings.problem(what, place, "a name for it goes into kube_apiserver.extra_sans")
    if text != str(port):
        what = f"`cluster.endpoint` is {endpoint!r}, but the apiservers listen on port {port}"
        hint = f"keepalived moves an address, not ports: {host}:{port}, or kube_apiserver.port"
        findings.problem(what, place, hint)
    for its in inventory.hosts:
        if host in (its.connection.address, its.vars.get("ip")):
            what = f"`cluster.endpoint` {host} is the address of {its.name}"
            findings.problem(what, place, "take an address that no host has")
