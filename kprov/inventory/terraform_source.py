"""Inventories out of Terraform (and OpenTofu): `terraform output -json`, `terraform show -json`.

Of outputs, those named after a group hold its hosts: a list of addresses, a list of objects
(`name`, `address`, more variables), or a mapping of names to either. The output `cluster` is the
cluster spec, `endpoint` its endpoint, `vars` the variables of all hosts. Of a state whose outputs
name no hosts: the tagged machines that `terraform_resources` knows, and the resources of the
provider ansible/ansible. Shapes: Terraform's "JSON Output Format" (format_version 1.x).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kprov.core.marked_yaml import mark
from kprov.inventory.entries import Entry, GroupEntry, HostEntry, Source, Var
from kprov.inventory.findings import Findings
from kprov.inventory.terraform_resources import (
    ANSIBLE_GROUP,
    ANSIBLE_HOST,
    MACHINES,
    TAG,
    first_of,
    groups_of,
    resources,
)
from kprov.inventory.tree import KNOWN_GROUPS
from kprov.model.errors import InputError, Location

_SHORT = {"address": "ansible_host", "user": "ansible_user", "port": "ansible_port"}
_PREFIX = {"kube_control_plane": "cp", "kube_node": "w", "etcd": "etcd", "bastion": "bastion"}
"""How hosts are called that come as bare addresses."""


def is_terraform(data: object) -> bool:
    """Whether this JSON is an answer of `output -json` or `show -json`."""
    return isinstance(data, Mapping) and (_is_state(data) or _is_output(data))


def read_terraform(data: Mapping[str, Any], file: str, findings: Findings) -> Source:
    """Entries of Terraform's JSON; raises InputError where no host is in it."""
    where = Location(file)
    if not _is_state(data):
        source = _of_outputs(data, where, findings)
        expected = f"outputs named {', '.join(sorted(KNOWN_GROUPS))} with the hosts of each group"
    else:
        values = data.get("values") or {}
        source = _of_outputs(values.get("outputs") or {}, where, findings)
        if not _has_hosts(source):
            source += Source(tuple(_of_resources(values.get("root_module") or {}, where)))
        expected = f"machines with a tag `{TAG}`, ansible_host resources, or outputs with hosts"
    if not _has_hosts(source):
        raise InputError("no hosts in this output of Terraform", where=where,
                         hint=f"expected {expected}")  # fmt: skip
    return source


def _has_hosts(source: Source) -> bool:
    return any(isinstance(entry, HostEntry) for entry in source.entries)


def _is_state(data: Mapping[str, Any]) -> bool:
    return "format_version" in data and ("values" in data or "terraform_version" in data)


def _is_output(data: Mapping[str, Any]) -> bool:
    """Every member is `{sensitive, type, value}`."""
    return bool(data) and all(
        isinstance(its, Mapping) and {"sensitive", "value"} <= its.keys() for its in data.values()
    )


def _of_outputs(outputs: Mapping[str, Any], where: Location, findings: Findings) -> Source:
    entries: list[Entry] = []
    spec: dict[str, Any] = {}
    for name, output in outputs.items():
        value, place = output.get("value"), Location(f"{where.file} (output {name})")
        if name in KNOWN_GROUPS:
            entries += _hosts(name, value, place, findings)
        elif name == "vars" and isinstance(value, Mapping):
            entries.append(GroupEntry("all", place, vars=_variables(value, place)))
        elif name == "cluster" and isinstance(value, Mapping):
            spec |= value
        elif name == "endpoint" and value:
            spec["endpoint"] = value
    return Source(tuple(entries), mark(spec, where) if spec else None)


def _hosts(group: str, value: Any, place: Location, findings: Findings) -> Iterator[HostEntry]:
    named = value.items() if isinstance(value, Mapping) else None
    if named is None and not isinstance(value, list):
        what = f"output {group} is {type(value).__name__}, expected a list or a mapping of hosts"
        findings.problem(what, place)
        return
    for number, (name, host) in enumerate(named or ((None, its) for its in value), 1):
        variables = dict(host) if isinstance(host, Mapping) else {"address": host}
        own = str(name or variables.pop("name", "") or f"{_PREFIX.get(group, group)}{number}")
        yield HostEntry(own, group, place, _variables(variables, place))


def _of_resources(root: Mapping[str, Any], where: Location) -> Iterator[Entry]:
    for resource in resources(root):
        kind, values = resource.get("type", ""), resource.get("values") or {}
        place = Location(f"{where.file} ({resource.get('address', kind)})")
        if kind == ANSIBLE_HOST:
            variables = _variables(values.get("variables") or {}, place)
            for group in values.get("groups") or ["ungrouped"]:
                yield HostEntry(str(values.get("name")), group, place, variables)
        elif kind == ANSIBLE_GROUP:
            children = tuple(values.get("children") or ())
            variables = _variables(values.get("variables") or {}, place)
            yield GroupEntry(str(values.get("name")), place, children, variables)
        elif kind in MACHINES:
            yield from _machine(kind, values, place)


def _machine(kind: str, values: Mapping[str, Any], place: Location) -> Iterator[HostEntry]:
    machine = MACHINES[kind]
    outer, inner = first_of(values, machine.outer), first_of(values, machine.inner)
    variables = {"address": outer} | ({"ip": inner} if inner and inner != outer else {})
    name = first_of(values, machine.name) or first_of(values, ("name",)) or outer
    for group in groups_of(values, machine):
        yield HostEntry(name, group, place, _variables(variables, place))


def _variables(values: Mapping[str, Any], place: Location) -> dict[str, Var]:
    return {
        _SHORT.get(name, name): Var(mark(value, place), place)
        for name, value in values.items()
        if value not in (None, "")
    }
