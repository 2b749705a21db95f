"""YAML inventories: groups with `hosts`, `children`, `vars`; `cluster:` beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory.entries import Entry, GroupEntry, HostEntry, Source, Var, vars_of
from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.ranges import expand
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError, Location

_BARE_RANGE = re.compile(r"(?m)([{,][ \t]*|^[ \t]*)([\w.-]*\[\w*:\w+(?::\d+)?\][\w.-]*)(?=[ \t]*:)")
_SPECS = ("cluster", "clusters", "failover")
_GROUP_KEYS = ("hosts", "children", "vars")


def read_yaml(root: Marked, findings: Findings) -> Source:
    """Entries of a YAML inventory; problems go to `findings`.

    Raises InputError when this is no inventory at all.
    """
    if not root.is_mapping:
        hint = "start with `cluster:` and `all:`; `kprov init` writes an example"
        what = f"found {root.kind}, expected a mapping of `cluster` and groups"
        raise InputError(what, where=root.location, hint=hint)
    if "plugin" in root.mapping:
        hint = "save what `ansible-inventory -i FILE --list` prints as a .json file and use that"
        what = "inventory plugins run inside Ansible only"
        raise InputError(what, where=root.key_location("plugin"), hint=hint)
    reader = _Reader(findings)
    entries: list[Entry] = []
    for name, group in root.mapping.items():
        if name in _SPECS:
            continue
        location = root.key_location(name)
        if misplaced := _misplaced(name, group):
            findings.problem(
                f"unknown key {name!r} at the top of the inventory", location, misplaced
            )
        else:
            entries += reader.group(name, group, location)
    return Source(tuple(entries), *(root.mapping.get(name) for name in _SPECS))


def expand_at(pattern: str, location: Location, findings: Findings) -> tuple[list[str], int | None]:
    """Host names and port of a pattern; a bad one is a problem at `location`."""
    try:
        names, port = expand(pattern)
    except ValueError as error:
        findings.problem(str(error), location)
        return [], None
    return list(names), port


def ranges_quoted(text: str) -> str:
    """The text with `{cp[1:3]: ...}` written as `{'cp[1:3]': ...}`.

    YAML allows brackets in a bare key everywhere but inside braces; people need not know.
    """
    return _BARE_RANGE.sub(r"\g<1>'\g<2>'", text)


def _misplaced(name: str, body: Marked) -> str:
    """What to do about a top-level key that was not meant to be a group; empty for a group."""
    if any(key in body.mapping for key in _GROUP_KEYS):
        return ""
    if name in ClusterSpec.model_fields and name != "etcd":
        return f"move it under `cluster:`: `cluster: {{{name}: ...}}`"
    if close := did_you_mean(name, _SPECS, cutoff=0.75):
        return close
    if not (body.is_mapping or body.is_null):
        close = did_you_mean(name, (*_SPECS, "all"))
        return hint_of(close, f"found {body.kind}; only `cluster:` and groups stand here")
    return ""


class _Reader:
    """Walks groups; recursion follows `children`."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def group(self, name: str, body: Marked, location: Location) -> Iterator[Entry]:
        """A group, then its hosts, then its children."""
        if not (body.is_mapping or body.is_null):
            what = f"group {name!r} is {body.kind}, expected `hosts`, `children`, `vars`"
            self._findings.problem(what, location)
            return
        self._refuse_unknown_keys(name, body)
        children = self._named(body, "children", name)
        variables = self._variables(body.mapping.get("vars"), f"the vars of group {name!r}")
        yield GroupEntry(name, location, tuple(children.mapping), variables)
        yield from self._hosts(name, self._named(body, "hosts", name))
        for child, inner in children.mapping.items():
            yield from self.group(child, inner, children.key_location(child))

    def _refuse_unknown_keys(self, name: str, body: Marked) -> None:
        for key in body.mapping:
            if key in _GROUP_KEYS:
                continue
            hint = did_you_mean(key, _GROUP_KEYS) or "a subgroup goes under `children:`"
            what = f"unknown key {key!r} in group {name!r}, expected {_words(_GROUP_KEYS)}"
            self._findings.problem(what, body.key_location(key), hint)

    def _named(self, body: Marked, key: str, group: str) -> Marked:
        """`hosts` or `children` as a mapping of names; a single name is allowed as in Ansible."""
        value = body.mapping.get(key)
        if value is None or value.is_null:
            return Marked({}, body.location)
        if isinstance(value.value, str):
            return Marked({value.value: mark(None, value.location)}, value.location)
        if not value.is_mapping:
            hint = "names end with a colon: `cp1:` or `cp1: {ansible_host: 192.0.2.11}`"
            what = f"`{key}` of group {group!r} is {value.kind}, expected a mapping of names"
            self._findings.problem(what, body.key_location(key), hint)
            return Marked({}, body.location)
        return value

    def _hosts(self, group: str, hosts: Marked) -> Iterator[HostEntry]:
        for pattern, body in hosts.mapping.items():
            location = hosts.key_location(pattern)
            variables = self._variables(body, f"host {pattern!r}")
            names, port = expand_at(pattern, location, self._findings)
            if port is not None:
                variables.setdefault("ansible_port", Var(mark(port, location), location))
            for name in names:
                yield HostEntry(name, group, location, variables)

    def _variables(self, body: Marked | None, owner: str) -> dict[str, Var]:
        if body is None or body.is_null:
            return {}
        if not body.is_mapping:
            hint = "write `{}` for no variables"
            what = f"{owner}: found {body.kind}, expected a mapping of variables"
            self._findings.problem(what, body.location, hint)
            return {}
        return vars_of(body)


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
