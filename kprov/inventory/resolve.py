"""Every host's variables and the spec with their Jinja2 resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory import kubespray
from kprov.inventory.connection import HostValues
from kprov.inventory.connection_vars import NAMES, SECRET_NAMES
from kprov.inventory.entries import Var
from kprov.inventory.findings import Findings
from kprov.inventory.merge import Layers
from kprov.inventory.node_vars import NAMES as NODE_VARS
from kprov.inventory.overrides import SPEC, Overrides
from kprov.inventory.templating import OMIT, Engine, Resolver, UnresolvedError, has_template


@dataclass(frozen=True, slots=True)
class Resolving:
    """Resolves the Jinja2 in every host's variables and in the spec."""

    layers: Layers
    changes: Overrides
    path: Path
    folder: Path
    environ: Mapping[str, str]
    vocabulary: kubespray.Vocabulary

    def hosts(self, findings: Findings) -> Iterator[HostValues]:
        """Every host's variables; those that cannot be resolved and do not matter are left out."""
        merged = self.layers.merged(self.changes.vars)
        resolvers = self._resolvers(merged)
        seen: dict[str, None] = {}
        for name, node in self.layers.tree.hosts.items():
            written = {key: var for key, var in merged[name].items() if key != SPEC}
            ignored = {key for key, var in written.items() if self.vocabulary.ignores(key, var)}
            for key in ignored:
                seen.setdefault(key)
            values = {}
            for key, variable in written.items():
                value = _value(resolvers[name], key, name, key in ignored, findings)
                if value is not OMIT and not kubespray.is_switch(key, variable):
                    values[key] = value
            yield HostValues(name, node.location, values, written)
        if seen:
            findings.warn(kubespray.ignored_warning(seen))

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
            "groups": self.layers.tree.by_group(),
            "inventory_dir": str(self.folder.absolute()),
            "inventory_file": str(self.path.absolute()),
        }


def _value(
    resolver: Resolver,
    key: str,
    host: str,
    ignored: bool,  # noqa: FBT001
    findings: Findings,
) -> Any:
    """A resolved variable; OMIT for one that is left out, with a problem if that matters."""
    try:
        return resolver[key]
    except UnresolvedError as error:
        if ignored:
            return OMIT
        needed = key in (*NAMES, *NODE_VARS) or key in kubespray.HONOURED
        if error.kind in ("fact", "unsupported") and not needed:
            findings.warn(f"{error.location}: {key} is left out: {error.what}")
            return OMIT
        what, hint = error.what, f"for host {host}" + (f"; {error.hint}" if error.hint else "")
        if key in SECRET_NAMES and error.kind == "syntax":
            what = "the value cannot be read as Jinja2"  # quoting it would show it
            hint = "put braces of a password between {% raw %} and {% endraw %}"
        findings.problem(f"{key}: {what}", error.location, hint)
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
