"""The API's virtual address (`load_balancer: keepalived`): where it belongs, and who has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kprov.core.addresses import endpoint_parts, interface_of
from kprov.core.batch import runs
from kprov.core.preflight.place import Finding
from kprov.model.facts import Facts
from kprov.model.host import Inventory

UNIT = "kprov-keepalived.service"


def virtual_address(inventory: Inventory) -> str:
    """The address that the control planes shall hold together; empty without keepalived."""
    if inventory.load_balancer != "keepalived":
        return ""
    return endpoint_parts(inventory.cluster.endpoint or "")[0]


def address_risks(inventory: Inventory, facts: Mapping[str, Facts]) -> tuple[Finding, ...]:
    """Errors of control planes that cannot hold the address, or that somebody else has it."""
    address = virtual_address(inventory)
    planes = {
        host.name: facts[host.name] for host in inventory.control_planes if host.name in facts
    }
    return tuple(_risks(address, planes, len(inventory.control_planes))) if address else ()


def _risks(address: str, planes: Mapping[str, Facts], wanted: int) -> Iterator[Finding]:
    for name, its in planes.items():
        if not interface_of(its, address):
            yield Finding(
                name, "error", f"cluster.endpoint {address} is in no network of this host",
                f"with keepalived all control planes share one: {its.get('addresses')}",
            )  # fmt: skip
    # where ours is at work already it may be on its way from one to the other while they are asked
    ours = any(
        address in its.get("addresses").split() or runs(its, UNIT) for its in planes.values()
    )
    answered = [name for name, its in planes.items() if its.flag("virtual_address_answers")]
    # one that was not reached may be the one that has it
    if answered and not ours and len(planes) == wanted:
        yield Finding(
            answered[0], "error",
            f"cluster.endpoint {address} answers already, and is none of the control planes",
            "take an address that nobody has, or turn off the machine that has it",
        )  # fmt: skip
