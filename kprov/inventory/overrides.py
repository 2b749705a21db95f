"""`-e`: `cluster.PATH=VALUE`, `KEY=VALUE`, `{json or yaml}`, `@file`.

`cluster.` paths change the cluster spec, everything else is a variable that wins over all others.
Values are YAML: `-e cluster.network.node_mask=25` is a number, `-e cluster.local={}` a mapping.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kprov.core.marked_yaml import Marked, load_marked
from kprov.inventory.connection_vars import SECRET_NAMES
from kprov.inventory.entries import Var
from kprov.inventory.files import read_marked
from kprov.inventory.findings import Findings
from kprov.model.errors import InputError, Location

SPEC = "cluster"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What `-e` says: changes of the spec in order, extra variables."""

    spec: tuple[tuple[tuple[str, ...], Marked], ...] = ()
    """Path below `cluster` and the value it gets."""
    vars: dict[str, Var] = field(default_factory=dict)


def read_overrides(texts: Sequence[str], findings: Findings) -> Overrides:
    """All `-e` arguments; the later wins. Problems go to `findings`."""
    spec: list[tuple[tuple[str, ...], Marked]] = []
    variables: dict[str, Var] = {}
    for text in texts:
        try:
            marked = _one(text, findings)
        except InputError as error:
            findings.absorb(error)
            continue
        for key, value in marked.mapping.items():
            head, *path = key.split(".")
            if head == SPEC:
                spec.append((tuple(path), value))
            else:
                variables[key] = Var(value, marked.key_location(key))
    return Overrides(tuple(spec), variables)


def apply_to(spec: Marked, changes: Iterable[tuple[tuple[str, ...], Marked]]) -> Marked:
    """The spec with every change laid over it: mappings merge, other values replace."""
    for path, value in changes:
        nested = value
        for step in reversed(path):
            nested = Marked({step: nested}, value.location, keys={step: value.location})
        spec = overlay(spec, nested)
    return spec


def overlay(below: Marked, above: Marked) -> Marked:
    """Two values merged: mappings key by key, anything else is `above`."""
    if not (below.is_mapping and above.is_mapping):
        return above
    merged = dict(below.mapping)
    for key, value in above.mapping.items():
        merged[key] = overlay(merged[key], value) if key in merged else value
    keys = {**below.keys, **above.keys}
    return Marked(merged, below.location, keys=keys)


def _one(text: str, findings: Findings) -> Marked:
    if text.startswith("@"):
        return _mapping(read_marked(Path(text[1:]).expanduser(), findings), f"-e {text}")
    if text.lstrip().startswith(("{", "[")):
        return _mapping(load_marked(text, "-e {...}"), "-e {...}")
    entries: dict[str, Marked] = {}
    for pair in _pairs(text):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            shown = key.split()[0] if key.split() else ""
            hint = "write -e KEY=VALUE, -e '{\"KEY\": VALUE}' or -e @FILE"
            raise InputError(f"-e {shown!r} has no '=' with a name before it", hint=hint)
        entries[key.strip()] = _value(key.strip(), value)
    keys = {key: value.location for key, value in entries.items()}
    return Marked(entries, Location("-e"), keys=keys)


def _pairs(text: str) -> list[str]:
    """`a=1 b="x y"` is two pairs, as in Ansible; a value with spaces in it is one."""
    try:
        words = shlex.split(text)
    except ValueError:
        return [text]
    return words if len(words) > 1 and all("=" in word for word in words) else [text]


def _value(key: str, text: str) -> Marked:
    where = Location(f"-e {key}")
    if key in SECRET_NAMES:  # a '#' or a leading '@' in a password is part of it
        bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
        return Marked(bare, where, bare)
    try:
        marked = load_marked(text, where.file)
    except InputError:
        return Marked(text, where, text)
    # one line on the command line has no line number worth showing
    return _moved(marked, where)


def _moved(marked: Marked, location: Location) -> Marked:
    if isinstance(marked.value, dict):
        entries = {key: _moved(value, location) for key, value in marked.value.items()}
        return Marked(entries, location, keys=dict.fromkeys(entries, location))
    if isinstance(marked.value, tuple):
        return Marked(tuple(_moved(item, location) for item in marked.value), location)
    return Marked(marked.value, location, marked.text)


def _mapping(marked: Marked, where: str) -> Marked:
    if not marked.is_mapping:
        hint = "write -e KEY=VALUE, -e '{\"KEY\": VALUE}' or -e @FILE"
        raise InputError("this is not a mapping of names to values", where=where, hint=hint)
    return marked
