"""INI inventories, read by Ansible's rules (its `ini` inventory plugin).

Host lines are shell-like: `name[1:3]:port key=value key="a b"`; values are Python literals where
they look like one, text otherwise. `[group]`, `[group:children]`, `[group:vars]`.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory.entries import Entry, GroupEntry, HostEntry, Source, Var
from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.yaml_source import expand_at
from kprov.model.errors import Location

_SECTION = re.compile(r"^\[(?P<name>[^:\]\s]+)(?::(?P<kind>\w+))?\]\s*(?:#.*)?$")
_KINDS = ("hosts", "children", "vars")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with something on it, and the section it is in."""

    text: str
    location: Location
    group: str
    kind: str


def read_ini(text: str, file: str, findings: Findings) -> Source:
    """Entries of an INI inventory; problems go to `findings`."""
    entries: list[Entry] = []
    headers: dict[str, Location] = {}
    referred: dict[str, Location] = {}
    seen_hosts: dict[tuple[str, str], Location] = {}
    for line in _lines(text, file, findings):
        if not line.text:
            if line.kind != "vars":
                headers.setdefault(line.group, line.location)
                entries.append(GroupEntry(line.group, line.location))
            else:
                referred.setdefault(line.group, line.location)
        elif line.kind == "hosts":
            entries += _host_line(line, seen_hosts, findings)
        elif line.kind == "children":
            child = line.text.split("#")[0].strip()
            referred.setdefault(child, line.location)
            entries.append(GroupEntry(line.group, line.location, (child,)))
        else:
            entries += _variable_line(line, findings)
    _refuse_undefined_groups(headers, referred, findings)
    return Source(tuple(entries))


def literal(text: str, location: Location) -> Marked:
    """A value of an INI line: a Python literal where it is one, the text otherwise."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = text
    plain_types = (str, int, float, bool, list, dict, tuple, type(None))
    marked = mark(value if isinstance(value, plain_types) else text, location)
    return Marked(marked.value, location, text, marked.keys)


def _lines(text: str, file: str, findings: Findings) -> Iterator[_Line]:
    """Lines with their section; a section's header comes as a line without text."""
    group, kind, known = "ungrouped", "hosts", True
    for number, raw in enumerate(text.split("\n"), 1):
        stripped, location = raw.strip(), Location(file, number)
        if not stripped or stripped[0] in "#;":
            continue
        match = _SECTION.match(stripped)
        if match is None and _is_broken_section(stripped):
            what = (
                f"{stripped!r} is not a section, expected [group], [group:children] or [group:vars]"
            )
            findings.problem(what, location)
            known = False
        elif match is not None:
            group, kind = match["name"], match["kind"] or "hosts"
            known = kind in _KINDS
            if known:
                yield _Line("", location, group, kind)
            else:
                what = f"section [{group}:{kind}] is of an unknown kind"
                close = did_you_mean(kind, _KINDS)
                findings.problem(what, location, hint_of(close, "expected children or vars"))
        elif known:
            yield _Line(stripped, location, group, kind)


def _is_broken_section(text: str) -> bool:
    # [a:c].example.com and [2001:db8::1]:22 are hosts, [my group] is not
    return text.startswith("[") and (text.endswith("]") or "]" not in text)


def _host_line(
    line: _Line, seen: dict[tuple[str, str], Location], findings: Findings
) -> Iterator[HostEntry]:
    try:
        pattern, *words = shlex.split(line.text, comments=True)
    except ValueError as error:
        findings.problem(f"{str(error).lower()} in {line.text!r}", line.location)
        return
    first = seen.setdefault((line.group, pattern), line.location)
    if first is not line.location:
        what = f"host {pattern!r} is in group {line.group!r} a second time"
        findings.problem(what, line.location, f"the first is in line {first.line}; keep one")
    variables = dict(_host_variables(words, line.location, findings))
    names, port = expand_at(pattern, line.location, findings)
    if port is not None:
        variables.setdefault("ansible_port", Var(mark(port, line.location), line.location))
    for name in names:
        yield HostEntry(name, line.group, line.location, variables)


def _host_variables(
    words: list[str], location: Location, findings: Findings
) -> Iterator[tuple[str, Var]]:
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name:
            yield name, Var(literal(value, location), location)
        else:
            what = f"{word!r} behind a host name, expected key=value"
            findings.problem(what, location, "one host per line; quote values with spaces")


def _variable_line(line: _Line, findings: Findings) -> Iterator[GroupEntry]:
    name, equals, value = (part.strip() for part in line.text.partition("="))
    if not equals or not name:
        what = f"{line.text!r} in [{line.group}:vars], expected key=value"
        findings.problem(what, line.location)
        return
    variable = Var(literal(value, line.location), line.location)
    yield GroupEntry(line.group, line.location, vars={name: variable})


def _refuse_undefined_groups(
    headers: dict[str, Location], referred: dict[str, Location], findings: Findings
) -> None:
    known = {"all", "ungrouped", *headers}
    for name, location in referred.items():
        if name not in known:
            what = f"unknown group {name!r}"
            hint = hint_of(did_you_mean(name, known), f"or add a section [{name}]")
            findings.problem(what, location, hint)
