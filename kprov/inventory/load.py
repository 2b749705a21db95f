"""From an inventory path to an Inventory, or to every problem in it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory import kubespray
from kprov.inventory.connection import HostValues, connection_of, through_bastion
from kprov.inventory.connection_vars import ADDRESS, NAMES, SECRET_NAMES
from kprov.inventory.entries import Source, Var
from kprov.inventory.files import read_inventory
from kprov.inventory.findings import Findings
from kprov.inventory.merge import Layers, read_layers, spec_of
from kprov.inventory.network_rules import check_networks
from kprov.inventory.overrides import SPEC, Overrides, apply_to, read_overrides
from kprov.inventory.rules import check_groups, check_hosts, check_spec
from kprov.inventory.spec import read_spec
from kprov.inventory.templating import OMIT, Engine, Resolver, UnresolvedError, has_template
from kprov.inventory.tree import Tree, build
from kprov.model.errors import Location
from kprov.model.host import Connection, Host, Inventory

_NEVER_IN_VARS = frozenset({SPEC, *SECRET_NAMES})


def load(
    path: Path, *, overrides: Sequence[str] = (), environ: Mapping[str, str] = os.environ
) -> Inventory:
    """Load, merge and validate an inventory.

    `path` is a YAML, JSON or INI file, a program that answers `--list`, or a folder of these;
    `overrides` are the texts of `-e`. Raises ProblemsError with every problem, each with its
    file:line; InputError when the file as a whole cannot be read.
    """
    findings = Findings()
    changes = read_overrides(overrides, findings)
    source = read_inventory(path, findings, environ)
    return assemble(source, path, changes, environ, findings)


def assemble(
    source: Source,
    path: Path,
    changes: Overrides,
    environ: Mapping[str, str],
    findings: Findings,
) -> Inventory:
    """What `load` does once the inventory itself is read."""
    folder = path if path.is_dir() else path.parent
    tree = build(source.entries, findings)
    layers = read_layers(tree, folder, findings)
    written = spec_of(source, layers, findings)
    resolving = _Resolving(layers, changes, path, folder, environ)
    values = list(resolving.hosts(written is not None, findings))
    settings = _kubespray_settings(tree, values, written is not None, findings)
    spec = apply_to(Marked({}, Location(str(path))), settings)
    if written is not None:
        spec = apply_to(spec, [((), written)])
    spec = resolving.spec(apply_to(spec, changes.spec), findings)
    read = read_spec(spec, findings)
    hosts = _hosts(values, tree, folder, environ, findings)
    inventory = Inventory(str(path), read.spec, hosts, _groups(tree), directory=str(folder))
    check_spec(read, folder, findings)
    check_groups(tree, inventory, findings)
    check_hosts(inventory, {host.name: _address_place(host) for host in values}, findings)
    check_networks(inventory, read, findings)
    findings.raise_problems()
    return Inventory(
        inventory.path, read.spec, hosts, inventory.groups, findings.warnings, str(folder)
    )


@dataclass(frozen=True, slots=True)
class _Resolving:
    """Resolves the Jinja2 in every host's variables and in the spec."""

    layers: Layers
    changes: Overrides
    path: Path
    folder: Path
    environ: Mapping[str, str]

    def hosts(self, has_spec: bool, findings: Findings) -> Iterator[HostValues]:  # noqa: FBT001
        merged = self.layers.merged(self.changes.vars)
        resolvers = self._resolvers(merged)
        for name, node in self.layers.tree.hosts.items():
            written = {key: var for key, var in merged[name].items() if key != SPEC}
            values = {}
            for key in written:
                if not has_spec and kubespray.is_ignored(key, has_spec=False):
                    continue
                value = _value(resolvers[name], key, name, has_spec, findings)
                if value is not OMIT:
                    values[key] = value
            yield HostValues(name, node.location, values, written)

    def spec(self, spec: Marked, findings: Findings) -> Marked:
        """The spec with the templates in it resolved by the variables all hosts have."""
        if not has_template(spec):
            return spec
        variables = self.layers.of_all(self.changes.vars)
        magic = self._magic()
        resolver = Resolver(variables, magic, Engine(self.environ, self.folder))
        return _resolved(spec, resolver, findings)

    def _resolvers(self, merged: Mapping[str, Mapping[str, Var]]) -> dict[str, Resolver]:
        engine = Engine(self.environ, self.folder)
        chains = self.layers.tree.chains()
        resolvers: dict[str, Resolver] = {}
        common = {**self._magic(), "hostvars": resolvers}
        for name, variables in merged.items():
            magic = {
                **common,
                "inventory_hostname": name,
                "inventory_hostname_short": name.partition(".")[0],
                "group_names": sorted(chains[name]),
            }
            resolvers[name] = Resolver(variables, magic, engine)
        return resolvers

    def _magic(self) -> dict[str, Any]:
        return {
            "groups": _groups(self.layers.tree),
            "inventory_dir": str(self.folder.absolute()),
            "inventory_file": str(self.path.absolute()),
        }


def _value(
    resolver: Resolver,
    key: str,
    host: str,
    has_spec: bool,  # noqa: FBT001
    findings: Findings,
) -> Any:
    """A resolved variable; OMIT for one that is left out, with a problem if that matters."""
    try:
        return resolver[key]
    except UnresolvedError as error:
        if kubespray.is_ignored(key, has_spec=has_spec):
            return OMIT
        needed = key in NAMES or key in kubespray.HONOURED
        if error.kind in ("fact", "unsupported") and not needed:
            findings.warn(f"{error.location}: {key} is left out: {error.what}")
            return OMIT
        hint = f"for host {host}" + (f"; {error.hint}" if error.hint else "")
        findings.problem(f"{key}: {error.what}", error.location, hint)
        return OMIT


def _resolved(value: Marked, resolver: Resolver, findings: Findings) -> Marked:
    if value.is_mapping:
        entries = {key: _resolved(item, resolver, findings) for key, item in value.mapping.items()}
        return Marked(entries, value.location, keys=value.keys)
    if value.is_sequence:
        items = tuple(_resolved(item, resolver, findings) for item in value.sequence)
        return Marked(items, value.location)
    if not has_template(value):
        return value
    try:
        return mark(resolver.resolve(value), value.location)
    except UnresolvedError as error:
        findings.problem(error.what, error.location, error.hint)
        return Marked(None, value.location)


def _kubespray_settings(
    tree: Tree,
    values: Sequence[HostValues],
    has_spec: bool,  # noqa: FBT001
    findings: Findings,
) -> tuple[kubespray.Setting, ...]:
    names = {name for host in values for name in host.written}
    ignored = [name for name in names if kubespray.is_ignored(name, has_spec=has_spec)]
    if ignored:
        findings.warn(kubespray.ignored_warning(ignored))
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


def _groups(tree: Tree) -> dict[str, tuple[str, ...]]:
    groups = {name: tree.members(name) for name in tree.groups}
    return {name: hosts for name, hosts in groups.items() if hosts or name != "ungrouped"}
