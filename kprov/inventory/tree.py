"""Groups and hosts put together: who is in which group, and in which order groups count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kprov.inventory.entries import Entry, GroupEntry, HostEntry, Vars
from kprov.inventory.findings import Findings
from kprov.model.errors import Location

# The spellings Kubespray's own inventories used over the years; Ansible turns '-' into '_'.
_ALIASES = {
    "kube-master": "kube_control_plane",
    "kube_master": "kube_control_plane",
    "kube-control-plane": "kube_control_plane",
    "kube_control-plane": "kube_control_plane",
    "kube-control_plane": "kube_control_plane",
    "kube-controlplane": "kube_control_plane",
    "kube_controlplane": "kube_control_plane",
    "kube-node": "kube_node",
    "k8s-cluster": "k8s_cluster",
    "calico-rr": "calico_rr",
}
KNOWN_GROUPS = ("kube_control_plane", "kube_node", "etcd", "k8s_cluster", "calico_rr", "bastion")
_NO_GROUP = ("all", "ungrouped")
_K8S_CLUSTER = ("kube_control_plane", "kube_node", "calico_rr")
"""Kubespray makes k8s_cluster of these when it is not written."""


def canonical(group: str) -> str:
    """The one name kprov uses for a group that has had several."""
    return _ALIASES.get(group, group)


def spellings(group: str) -> tuple[str, ...]:
    """All names of a group, its canonical one first: how its group_vars file may be called."""
    return (group, *(alias for alias, name in _ALIASES.items() if name == group))


@dataclass(frozen=True, slots=True)
class Node:
    """A group or a host: where it was first named, what was said of it inline."""

    name: str
    location: Location
    vars: Vars = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tree:
    """The whole inventory, inline variables included, files beside it not yet."""

    groups: Mapping[str, Node]
    hosts: Mapping[str, Node]
    children: Mapping[str, tuple[str, ...]]
    direct: Mapping[str, tuple[str, ...]]
    """Group to the hosts that were written in it itself."""

    def members(self, group: str) -> tuple[str, ...]:
        """Hosts of a group, children included, in written order; `all` is everybody."""
        if group == "all":
            return tuple(self.hosts)
        found = dict.fromkeys(self.direct.get(group, ()))
        for child in self.children.get(group, ()):
            found |= dict.fromkeys(self.members(child))
        return tuple(found)

    def by_group(self) -> dict[str, tuple[str, ...]]:
        """Group to its hosts, children included; `ungrouped` only where there are any."""
        groups = {name: self.members(name) for name in self.groups}
        return {name: hosts for name, hosts in groups.items() if hosts or name != "ungrouped"}

    def chains(self) -> Mapping[str, tuple[str, ...]]:
        """Host to its groups, without `all`, in the order in which their variables count.

        Ansible's order: parents before children (by longest way from `all`), then
        `ansible_group_priority`, then the name.
        """
        order = sorted(self.groups, key=self._rank())
        chains: dict[str, list[str]] = {host: [] for host in self.hosts}
        for group in order:
            if group != "all":
                for host in self.members(group):
                    chains[host].append(group)
        return {host: tuple(groups) for host, groups in chains.items()}

    def _rank(self) -> _Rank:
        parents: dict[str, list[str]] = {group: [] for group in self.groups}
        for group, children in self.children.items():
            for child in children:
                parents[child].append(group)
        return _Rank(self, parents)


class _Rank:
    """Sort key of a group; depths are remembered."""

    def __init__(self, tree: Tree, parents: Mapping[str, list[str]]) -> None:
        self._tree = tree
        self._parents = parents
        self._depths: dict[str, int] = {"all": 0}

    def __call__(self, group: str) -> tuple[int, int, str]:
        return self._depth(group), self._priority(group), group

    def _depth(self, group: str) -> int:
        if group not in self._depths:
            above = [self._depth(parent) for parent in self._parents[group]]
            self._depths[group] = 1 + max(above, default=0)
        return self._depths[group]

    def _priority(self, group: str) -> int:
        variable = self._tree.groups[group].vars.get("ansible_group_priority")
        text = variable.value.text if variable else "1"
        return int(text) if text.isdigit() else 1


def build(entries: Iterable[Entry], findings: Findings) -> Tree:
    """Put entries together; groups that contain themselves are problems."""
    builder = _Builder(findings)
    for entry in entries:
        if isinstance(entry, GroupEntry):
            builder.group(entry)
        else:
            builder.host(entry)
    return builder.tree()


class _Builder:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._groups: dict[str, Node] = {"all": Node("all", Location(""))}
        self._hosts: dict[str, Node] = {}
        self._children: dict[str, dict[str, Location]] = {}
        self._direct: dict[str, dict[str, None]] = {}
        self._unplaced: list[HostEntry] = []

    def group(self, entry: GroupEntry) -> None:
        name = canonical(entry.name)
        self._note_group(name, entry.location, entry.vars)
        for child in map(canonical, entry.children):
            self._note_group(child, entry.location, {})
            self._children.setdefault(name, {}).setdefault(child, entry.location)

    def host(self, entry: HostEntry) -> None:
        if not entry.group:
            self._unplaced.append(entry)
            return
        group = canonical(entry.group)
        self._note_group(group, entry.location, {})
        self._note_host(entry)
        self._direct.setdefault(group, {}).setdefault(entry.name)

    def tree(self) -> Tree:
        for entry in self._unplaced:
            if entry.name in self._hosts:
                self._note_host(entry)
        self._only_the_ungrouped()
        self._refuse_cycles()
        children = {group: tuple(names) for group, names in self._children.items()}
        direct = {group: tuple(names) for group, names in self._direct.items()}
        return _with_k8s_cluster(Tree(self._groups, self._hosts, children, direct))

    def _note_group(self, name: str, location: Location, variables: Vars) -> None:
        before = self._groups.get(name, Node(name, location))
        place = before.location if before.location.file else location
        self._groups[name] = Node(name, place, {**before.vars, **variables})

    def _note_host(self, entry: HostEntry) -> None:
        before = self._hosts.get(entry.name, Node(entry.name, entry.location))
        self._hosts[entry.name] = Node(entry.name, before.location, {**before.vars, **entry.vars})

    def _only_the_ungrouped(self) -> None:
        others = (names for group, names in self._direct.items() if group not in _NO_GROUP)
        grouped = {name for names in others for name in names}
        for name in grouped & set(self._direct.get("ungrouped", ())):
            del self._direct["ungrouped"][name]

    def _refuse_cycles(self) -> None:
        done: set[str] = set()

        def visit(group: str, path: tuple[str, ...]) -> None:
            for child in tuple(self._children.get(group, ())):
                if child in (*path, group, "all"):
                    way = " > ".join((*path, group, child))
                    what = f"group {child!r} contains itself: {way}"
                    self._findings.problem(what, self._children[group].pop(child))
                elif child not in done:
                    visit(child, (*path, group))
            done.add(group)

        for group in tuple(self._children):
            if group not in done:
                visit(group, ())


def _with_k8s_cluster(tree: Tree) -> Tree:
    """The group k8s_cluster where it is not written: hosts only, so that no depth changes."""
    there = [name for name in _K8S_CLUSTER if name in tree.groups]
    if "k8s_cluster" in tree.groups or not there:
        return tree
    hosts = dict.fromkeys(host for name in there for host in tree.members(name))
    node = Node("k8s_cluster", tree.groups[there[0]].location)
    groups = {**tree.groups, "k8s_cluster": node}
    return replace(tree, groups=groups, direct={**tree.direct, "k8s_cluster": tuple(hosts)})
