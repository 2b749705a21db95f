"""The JSON that `--list` gives: executable inventories, `ansible-inventory --list` saved to a file.

Shape (Ansible's developer guide, "Inventory script conventions"): group name to
`{hosts: [...], children: [...], vars: {...}}` or to a list of hosts; `_meta.hostvars` by host.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory.entries import Entry, GroupEntry, HostEntry, Source, vars_of
from kprov.inventory.findings import Findings
from kprov.model.errors import InputError, Location

_TIMEOUT_SECONDS = 120.0
_NO_VARS = Marked({}, Location(""))


def read_executable(path: Path, findings: Findings, environ: Mapping[str, str]) -> Source:
    """Run `path --list` and read what it prints; raises InputError when that does not work."""
    root = _run(path, ("--list",), environ)
    hostvars = root.at(["_meta", "hostvars"])
    source = read_list(root, findings)
    if hostvars is not None:
        return source
    names = {entry.name: None for entry in source.entries if isinstance(entry, HostEntry)}
    extra = tuple(_asked(path, name, environ) for name in names)
    return source + Source(extra)


def is_list(root: Marked, *, is_json: bool) -> bool:
    """Whether this is `--list` output rather than an inventory as people write it."""
    if "_meta" in root.mapping:
        return True
    groups = (group for name, group in root.mapping.items() if name != "cluster")
    return is_json and any(group.is_sequence or _has_lists(group) for group in groups)


def read_list(root: Marked, findings: Findings) -> Source:
    """Entries of `--list` output; problems go to `findings`."""
    entries: list[Entry] = []
    for name, group in root.mapping.items():
        if name not in ("_meta", "cluster"):
            entries += _group(name, group, root.key_location(name), findings)
    hostvars = root.at(["_meta", "hostvars"])
    for host, variables in hostvars.mapping.items() if hostvars else ():
        entries.append(HostEntry(host, "", variables.location, vars_of(variables)))
    return Source(tuple(entries), root.mapping.get("cluster"))


def _has_lists(group: Marked) -> bool:
    return any(group.mapping.get(key, _NO_VARS).is_sequence for key in ("hosts", "children"))


def _group(name: str, group: Marked, location: Location, findings: Findings) -> Iterator[Entry]:
    body = Marked({"hosts": group}, group.location) if group.is_sequence else group
    if not body.is_mapping:
        what = f"group {name!r} is {body.kind}, expected a list of hosts or a mapping"
        findings.problem(what, location)
        return
    children = _names(body, "children", name, findings)
    variables = vars_of(body.mapping.get("vars", _NO_VARS))
    yield GroupEntry(name, location, tuple(children), variables)
    for host in _names(body, "hosts", name, findings):
        yield HostEntry(host, name, location)


def _names(body: Marked, key: str, group: str, findings: Findings) -> list[str]:
    value = body.mapping.get(key)
    if value is None or value.is_null:
        return []
    if not value.is_sequence:
        what = f"`{key}` of group {group!r} is {value.kind}, expected a list of names"
        findings.problem(what, value.location)
        return []
    return [item.text for item in value.sequence]


def _asked(path: Path, host: str, environ: Mapping[str, str]) -> HostEntry:
    answer = _run(path, ("--host", host), environ)
    return HostEntry(host, "", answer.location, vars_of(answer))


def _run(path: Path, arguments: tuple[str, ...], environ: Mapping[str, str]) -> Marked:
    location = Location(str(path))
    called = " ".join((path.name, *arguments))
    try:
        done = subprocess.run(
            [str(path.absolute()), *arguments],
            env=dict(environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise InputError(f"`{called}` cannot be run: {error}", where=location) from error
    if done.returncode != 0:
        what = f"`{called}` ended with exit code {done.returncode}"
        raise InputError(what, where=location, hint=_tail(done.stderr))
    try:
        value = json.loads(done.stdout)
    except ValueError as error:
        what = f"`{called}` printed no JSON: {error}"
        raise InputError(what, where=location, hint=_tail(done.stderr)) from error
    if not isinstance(value, dict):
        raise InputError(
            f"`{called}` printed {type(value).__name__}, not an object", where=location
        )
    return mark(value, location)


def _tail(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip()]
    return "it said: " + " | ".join(lines[-5:]) if lines else "it printed nothing to stderr"
