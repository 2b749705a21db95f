"""From an inventory path to an Inventory, or to every problem in it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kprov.core.marked_yaml import Marked
from kprov.inventory import kubespray
from kprov.inventory.addon_rules import check_addons, check_tenants
from kprov.inventory.api_rules import check_api
from kprov.inventory.connection import HostValues, connection_of, through_bastion
from kprov.inventory.connection_vars import ADDRESS, SECRET_NAMES
from kprov.inventory.entries import Source
from kprov.inventory.files import is_folder, read_inventory, role_variables
from kprov.inventory.findings import Findings
from kprov.inventory.fleet import Fleet, read_fleet, refuse_failover
from kprov.inventory.load_balancer_rules import check_load_balancer
from kprov.inventory.managed import check_managed, refuse_managed_fields
from kprov.inventory.merge import read_layers, spec_of
from kprov.inventory.network_rules import check_networks
from kprov.inventory.node_vars import node_settings
from kprov.inventory.overrides import SPEC, Overrides, apply_to, read_overrides
from kprov.inventory.registry_rules import check_registries
from kprov.inventory.resolve import Resolving
from kprov.inventory.rules import check_files, check_groups, check_hosts, check_spec
from kprov.inventory.spec import ReadSpec, read_spec
from kprov.inventory.tree import Tree, build
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError, Location, ProblemsError
from kprov.model.host import Connection, Host, Inventory

_NEVER_IN_VARS = frozenset({SPEC, *SECRET_NAMES})


def load(
    path: Path,
    *,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    bundled: bool = False,
) -> Inventory:
    """Load, merge and validate an inventory.

    `path` is a YAML, JSON or INI file, a program that answers `--list`, or a folder of these;
    `overrides` are the texts of `-e`; `bundled`: a bundle brings artefacts and image archives, and
    the spec's own need not be here. Raises ProblemsError with every problem, each with its
    file:line.
    """
    findings = Findings()
    changes = read_overrides(overrides, findings)
    try:
        source = read_inventory(path, findings, environ)
    except InputError as error:
        findings.absorb(error)
        raise ProblemsError(findings.problems) from error
    inventory = _assemble(source, path, changes, environ, findings, bundled=bundled)
    findings.raise_problems()
    return replace(inventory, warnings=findings.warnings)


def _assemble(
    source: Source,
    path: Path,
    changes: Overrides,
    environ: Mapping[str, str],
    findings: Findings,
    *,
    bundled: bool,
) -> Inventory:
    folder = path if is_folder(path) else path.parent
    tree = build(source.entries, findings)
    layers = read_layers(tree, folder, findings)
    written = spec_of(source, layers, findings)
    vocabulary = kubespray.Vocabulary(role_variables(folder), has_spec=written is not None)
    resolving = Resolving(layers, changes, path, folder, environ, vocabulary)
    values = list(resolving.hosts(findings))
    settings = _kubespray_settings(tree, values, findings)
    spec = apply_to(Marked({}, Location(str(path))), settings)
    if written is not None:
        spec = apply_to(spec, [((), written)])

    def finish(spec: Marked) -> Marked:
        return resolving.spec(apply_to(spec, changes.spec), findings)

    hosts = _hosts(values, tree, folder, environ, vocabulary.roles, findings)
    if source.clusters is not None:
        fleet = read_fleet(source, spec, finish, findings)
        return _fleet_inventory(path, fleet, hosts, tree, folder, findings)
    refuse_failover(source, findings)
    read = read_spec(finish(spec), findings)
    inventory = Inventory(str(path), read.spec, hosts, tree.by_group(), directory=str(folder))
    if read.spec.provider != "ssh":
        _check_managed(read, inventory, folder, findings)
    elif read.good("provider"):
        refuse_managed_fields(read, findings)
        check_spec(read, findings)
        check_registries(read, folder, findings)
        inventory = replace(inventory, texts=check_api(read, folder, findings))
        if not bundled:
            check_files(read, folder, findings)
        check_groups(tree, inventory, findings)
        check_hosts(inventory, {host.name: _address_place(host) for host in values}, findings)
        check_networks(inventory, read, findings)
        check_load_balancer(inventory, read, findings)
        check_tenants(read, folder, findings)
    check_addons(read, folder, findings)
    return inventory


def _fleet_inventory(
    path: Path,
    fleet: Fleet,
    hosts: tuple[Host, ...],
    tree: Tree,
    folder: Path,
    findings: Findings,
) -> Inventory:
    specs = tuple(read.spec for read in fleet.clusters) or (ClusterSpec(),)
    inventory = Inventory(
        str(path),
        specs[0],
        hosts,
        tree.by_group(),
        clusters=specs,
        failover=fleet.failover,
        fleet=fleet.name,
        directory=str(folder),
    )
    for read in fleet.clusters:
        if read.spec.provider != "ssh":
            _check_managed(read, inventory, folder, findings)
    return inventory


def _check_managed(read: ReadSpec, inventory: Inventory, folder: Path, findings: Findings) -> None:
    check_managed(read, folder, findings)
    if inventory.hosts:
        findings.warn(f"`provider: {read.spec.provider}` makes its own nodes: hosts are not used")


def _kubespray_settings(
    tree: Tree, values: Sequence[HostValues], findings: Findings
) -> tuple[kubespray.Setting, ...]:
    first = next(iter(tree.members("kube_control_plane")), None)
    for host in values:
        if host.name == first:
            return kubespray.settings_of(host, findings)
    return ()


def _hosts(
    values: Iterable[HostValues],
    tree: Tree,
    folder: Path,
    environ: Mapping[str, str],
    roles: frozenset[str],
    findings: Findings,
) -> tuple[Host, ...]:
    chains = tree.chains()
    connections = {
        host.name: connection_of(host, folder=folder, environ=environ, findings=findings)
        for host in values
    }
    bastions = tree.members("bastion")
    return tuple(
        Host(
            name=host.name,
            connection=_reached(host.name, connections, bastions),
            groups=frozenset(chains[host.name]),
            vars={key: value for key, value in host.values.items() if key not in _NEVER_IN_VARS},
            node=node_settings(host, findings, roles),
            location=host.location,
        )
        for host in values
    )


def _reached(
    host: str, connections: Mapping[str, Connection], bastions: Sequence[str]
) -> Connection:
    if not bastions or host in bastions:
        return connections[host]
    return through_bastion(connections[host], connections[bastions[0]])


def _address_place(host: HostValues) -> Location:
    written = [host.written[name].location for name in ADDRESS.names if name in host.written]
    return written[0] if written else host.location
