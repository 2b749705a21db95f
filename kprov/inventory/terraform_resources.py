"""Which resources of Terraform are machines, and where their name, address and groups stand.

Attribute names are those of each provider's documentation. A machine belongs to the cluster when
its tags (labels, metadata) have `kprov_groups`: group names with commas, spaces or, where a cloud
takes neither, double underscores between them. Where tags are plain words: `kprov_groups-NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

TAG = "kprov_groups"


@dataclass(frozen=True, slots=True)
class MachineType:
    """Paths into a resource's values; of `addresses` the first that is there counts.

    `outer` is what SSH connects to, `inner` the address inside the cluster.
    """

    outer: tuple[str, ...]
    inner: tuple[str, ...]
    tags: tuple[str, ...] = ("tags",)
    name: tuple[str, ...] = ("name",)


MACHINES: Mapping[str, MachineType] = {
    "aws_instance": MachineType(
        ("public_ip", "private_ip"), ("private_ip",), ("tags_all", "tags"), ("tags.Name",)
    ),
    "azurerm_linux_virtual_machine": MachineType(
        ("public_ip_address", "private_ip_address"), ("private_ip_address",)
    ),
    "google_compute_instance": MachineType(
        (
            "network_interface.0.access_config.0.nat_ip",
            "network_interface.0.network_ip",
        ),
        ("network_interface.0.network_ip",),
        ("labels", "metadata"),
    ),
    "openstack_compute_instance_v2": MachineType(
        ("access_ip_v4", "network.0.fixed_ip_v4"), ("network.0.fixed_ip_v4",), ("metadata",)
    ),
    "hcloud_server": MachineType(("ipv4_address",), ("network.0.ip",), ("labels",)),
    "digitalocean_droplet": MachineType(
        ("ipv4_address", "ipv4_address_private"), ("ipv4_address_private",)
    ),
    "vsphere_virtual_machine": MachineType(
        ("default_ip_address",), ("default_ip_address",), ("extra_config",)
    ),
    "proxmox_virtual_environment_vm": MachineType(
        ("ipv4_addresses.1.0",), ("ipv4_addresses.1.0",), ("tags",)
    ),
}
ANSIBLE_HOST, ANSIBLE_GROUP = "ansible_host", "ansible_group"
"""Resources of the provider `ansible/ansible`, which describe hosts and groups outright."""


def resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All managed resources of a state, those of child modules included."""
    for resource in module.get("resources", ()):
        if resource.get("mode", "managed") == "managed":
            yield resource
    for child in module.get("child_modules", ()):
        yield from resources(child)


def groups_of(values: Mapping[str, Any], machine: MachineType) -> tuple[str, ...]:
    """The groups that a machine's tags name; empty for machines that are not the cluster's."""
    for path in machine.tags:
        tags = at(values, path)
        if isinstance(tags, Mapping) and tags.get(TAG):
            return tuple(word for word in re.split(r"[\s,;]+|__", str(tags[TAG])) if word)
        if isinstance(tags, list):  # plain words, as Proxmox and DigitalOcean have them
            named = [str(tag)[len(TAG) + 1 :] for tag in tags if str(tag).startswith(f"{TAG}-")]
            if named:
                return tuple(named)
    return ()


def first_of(values: Mapping[str, Any], paths: tuple[str, ...]) -> str:
    """The first of these that has a text."""
    return next((str(found) for path in paths if (found := at(values, path))), "")


def at(values: object, path: str) -> object:
    """The value at `a.0.b`; None where there is none."""
    for step in path.split("."):
        if isinstance(values, Mapping):
            values = values.get(step)
        elif isinstance(values, list) and step.isdigit() and int(step) < len(values):
            values = values[int(step)]
        else:
            return None
    return values
