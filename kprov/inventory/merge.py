"""Every host's variables, merged in Ansible's order.

From weak to strong (Ansible's "Understanding variable precedence"): inline vars of `all`, inline
vars of groups (parents before children), `group_vars/all`, `group_vars/GROUP` in the same order,
inline vars of the host, `host_vars/HOST`, `-e`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kprov.core.marked_yaml import Marked
from kprov.inventory.entries import Source, Var, Vars
from kprov.inventory.files import read_vars
from kprov.inventory.findings import Findings, did_you_mean
from kprov.inventory.tree import Tree, spellings

_SPEC = "cluster"


@dataclass(frozen=True, slots=True)
class Layers:
    """The tree with the variable files beside it."""

    tree: Tree
    group_files: Mapping[str, Vars]
    host_files: Mapping[str, Vars]

    def merged(self, extra: Vars) -> dict[str, dict[str, Var]]:
        """Host to its variables."""
        by_chain: dict[tuple[str, ...], dict[str, Var]] = {}
        merged = {}
        for host, chain in self.tree.chains().items():
            if chain not in by_chain:
                by_chain[chain] = self._of_groups(chain)
            own = self.tree.hosts[host].vars
            merged[host] = {**by_chain[chain], **own, **self.host_files.get(host, {}), **extra}
        return merged

    def of_all(self, extra: Vars) -> dict[str, Var]:
        """The variables that every host has."""
        return {**self._of_groups(()), **extra}

    def _of_groups(self, chain: tuple[str, ...]) -> dict[str, Var]:
        variables: dict[str, Var] = {}
        for group in ("all", *chain):
            variables |= self.tree.groups[group].vars
        for group in ("all", *chain):
            variables |= self.group_files.get(group, {})
        return variables


def read_layers(tree: Tree, folder: Path, findings: Findings) -> Layers:
    """Read `group_vars` and `host_vars` beside the inventory."""
    group_folder, host_folder = folder / "group_vars", folder / "host_vars"
    groups: dict[str, Vars] = {}
    hosts: dict[str, Vars] = {}
    if group_folder.is_dir():
        for group in tree.groups:
            files = [read_vars(group_folder, name, findings) for name in spellings(group)]
            groups[group] = {
                key: var for variables in reversed(files) for key, var in variables.items()
            }
        _warn_of_slips(
            group_folder, [name for group in tree.groups for name in spellings(group)], findings
        )
    if host_folder.is_dir():
        hosts = {host: read_vars(host_folder, host, findings) for host in tree.hosts}
        _warn_of_slips(host_folder, list(tree.hosts), findings)
    return Layers(tree, groups, hosts)


def spec_of(source: Source, layers: Layers, findings: Findings) -> Marked | None:
    """The cluster spec: `cluster:` in the inventory, or the variable `cluster` of group `all`."""
    variable = layers.of_all({}).get(_SPEC)
    if variable is None or not variable.value.is_mapping:
        return source.cluster
    if source.cluster is not None:
        what = f"a second cluster spec; the first is at {source.cluster.location}"
        findings.problem(what, variable.location, "keep one of the two")
        return source.cluster
    return variable.value


def _warn_of_slips(folder: Path, known: list[str], findings: Findings) -> None:
    """A file that no group or host reads, but whose name is nearly right."""
    for path in sorted(folder.iterdir()):
        name = path.name if path.is_dir() else path.name.removesuffix(path.suffix)
        if name in known or path.name in known or path.name.startswith("."):
            continue
        if close := did_you_mean(name, known, cutoff=0.85):
            findings.warn(f"{path} is not read: there is no {name}; {close}")
