"""Reading what people wrote from disk: inventory files, folders of them, group_vars, host_vars."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kprov.core.marked_yaml import Marked, mark, scan_marked
from kprov.inventory.csv_source import read_csv
from kprov.inventory.entries import Source, Var, vars_of
from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.ini_source import read_ini
from kprov.inventory.json_source import is_list, read_executable, read_list
from kprov.inventory.terraform_source import is_terraform, read_terraform
from kprov.inventory.yaml_source import ranges_quoted, read_yaml
from kprov.model.errors import InputError, Location
from kprov.model.share import share

_YAML = (".yaml", ".yml", ".json")
_INI = (".ini", ".cfg")
_VARS_EXTENSIONS = ("", ".yml", ".yaml", ".json")
"""The order in which Ansible looks for the file of a group or host; the first found is read."""
_CLUSTER_FILES = ("cluster.yaml", "cluster.yml")
# What Ansible ignores in a folder of inventories (INVENTORY_IGNORE_EXTS, hidden files, vars
# folders), and the folders that Kubespray and kprov themselves put there.
_IGNORED = re.compile(
    r"^\.|~$|\.(pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)$"
    r"|^(host_vars|group_vars|vars_plugins|roles|artifacts|credentials|patches)$"
)


def read_text(path: Path) -> str:
    """The text of a file; raises InputError that says why it cannot be read."""
    where = Location(str(path))
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError("no such file", where=where, hint=_near(path)) from error
    except PermissionError as error:
        hint = "make it readable for the user who runs kprov"
        raise InputError("permission denied", where=where, hint=hint) from error
    except UnicodeDecodeError as error:
        raise InputError("this is not UTF-8 text", where=where) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=where) from error


def read_marked(path: Path, findings: Findings) -> Marked:
    """A YAML or JSON file with line marks; raises InputError for a syntax error."""
    text = read_text(path)
    try:
        return _scan(text, path, findings)
    except InputError:
        if path.suffix != ".json":
            raise
        return _read_json(text, path)  # valid JSON that YAML refuses: tabs between tokens


def read_inventory(path: Path, findings: Findings, environ: Mapping[str, str]) -> Source:
    """Everything an inventory path stands for: a file, a program, or a folder of both."""
    if is_folder(path):
        return _read_folder(path, findings, environ)
    source = _read_file(path, findings, environ)
    beside = _cluster_beside(path.parent, findings) if path.suffix not in _YAML else None
    return _with_cluster(source, beside, findings)


def is_folder(path: Path) -> bool:
    """Whether this is a folder that can be looked into."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def read_vars(folder: Path, name: str, findings: Findings) -> dict[str, Var]:
    """The variables of one group or host: `folder/NAME`, NAME.yml, NAME.yaml, NAME.json.

    As in Ansible the first that exists is read; a folder is read whole, in name order, the later
    file wins.
    """
    found = [
        folder / f"{name}{extension}"
        for extension in _VARS_EXTENSIONS
        if (folder / f"{name}{extension}").exists()
    ]
    if not found:
        return {}
    for other in found[1:]:
        findings.warn(f"{other} is not read because {found[0]} is there, as in Ansible")
    variables: dict[str, Var] = {}
    for file in _files_under(found[0]):
        variables |= _vars_file(file, findings)
    return variables


def role_variables(folder: Path) -> frozenset[str]:
    """Variables that roles have defaults for: shipped roles and those beside the inventory."""
    names: set[str] = set()
    for roles in (share("roles"), folder / "roles"):
        for defaults in roles.glob("*/defaults.yaml"):
            with contextlib.suppress(InputError):  # a broken role is reported where it is used
                names |= read_marked(defaults, Findings()).mapping.keys()
    return frozenset(names)


def _vars_file(path: Path, findings: Findings) -> dict[str, Var]:
    try:
        marked = read_marked(path, findings)
    except InputError as error:
        findings.absorb(error)
        return {}
    if not (marked.is_mapping or marked.is_null):
        what = f"found {marked.kind}, expected a mapping of variables"
        findings.problem(what, marked.location)
    return vars_of(marked)


def _files_under(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.name.startswith(".") or child.name.endswith("~"):
            continue
        if child.is_dir() or child.suffix in _VARS_EXTENSIONS:
            yield from _files_under(child)


def _read_folder(path: Path, findings: Findings, environ: Mapping[str, str]) -> Source:
    source = Source()
    files = list(_inventory_files(path))
    if not files:
        hint = "put a YAML or INI inventory there, or name a file"
        raise InputError("no inventory in this folder", where=Location(str(path)), hint=hint)
    for file in files:
        try:
            read = _read_file(file, findings, environ)
        except InputError as error:
            findings.absorb(error)
            continue
        source = _with_cluster(source, read.cluster, findings) + replace(read, cluster=None)
    return _with_cluster(source, _cluster_beside(path, findings), findings)


def _inventory_files(folder: Path) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        if _IGNORED.search(child.name) or child.name in _CLUSTER_FILES:
            continue
        if child.is_dir():
            yield from _inventory_files(child)
        else:
            yield child


def _read_file(path: Path, findings: Findings, environ: Mapping[str, str]) -> Source:
    if _is_program(path):
        return read_executable(path, findings, environ)
    text = read_text(path)
    if not text.strip():
        hint = "`kprov init` writes an example"
        raise InputError("the file is empty", where=Location(str(path)), hint=hint)
    if path.suffix == ".toml":
        hint = "save what `ansible-inventory -i FILE --list` prints as a .json file and use that"
        raise InputError("TOML inventories are not read", where=Location(str(path)), hint=hint)
    if path.suffix == ".csv":
        return read_csv(text, str(path), findings)
    if path.suffix in _INI or (path.suffix not in _YAML and _looks_like_ini(text)):
        return read_ini(text, str(path), findings)
    data = _json_of(text)
    if is_terraform(data):
        return read_terraform(data, str(path), findings)
    root = _read_groups(text, path, findings)
    if root.is_null:
        raise InputError("nothing but comments in this file", where=Location(str(path)))
    if is_list(root, is_json=path.suffix == ".json"):
        return read_list(root, findings)
    return read_yaml(root, findings)


def _json_of(text: str) -> Any:
    """What a JSON text holds; None for anything else."""
    if not text.lstrip().startswith("{"):
        return None
    with contextlib.suppress(ValueError):
        return json.loads(text)
    return None


def _read_groups(text: str, path: Path, findings: Findings) -> Marked:
    try:
        return read_marked(path, findings)
    except InputError:
        quoted = ranges_quoted(text)
        if quoted != text:
            with contextlib.suppress(InputError):
                return _scan(quoted, path, findings)
        raise


def _scan(text: str, path: Path, findings: Findings) -> Marked:
    marked, problems = scan_marked(text, str(path))
    findings.take(problems)
    return marked


def _is_program(path: Path) -> bool:
    # an executable bit alone says little: shared folders set it on every file
    try:
        if not (os.access(path, os.X_OK) and path.is_file()):
            return False
        with path.open("rb") as file:
            return file.read(4).startswith((b"#!", b"\x7fELF"))
    except PermissionError:
        return False


def _looks_like_ini(text: str) -> bool:
    for raw in text.splitlines():
        line = raw.strip()
        if line and line[0] not in "#;":
            return not (line.startswith(("---", "{")) or re.match(r"^[\w.\"'-]+:(\s|$)", line))
    return False


def _cluster_beside(folder: Path, findings: Findings) -> Marked | None:
    for name in _CLUSTER_FILES:
        if (folder / name).is_file():
            marked = read_marked(folder / name, findings)
            return marked.mapping.get("cluster", marked)
    return None


def _with_cluster(source: Source, other: Marked | None, findings: Findings) -> Source:
    if source.cluster is not None and other is not None:
        what = f"a second cluster spec; the first is at {source.cluster.location}"
        findings.problem(what, other.location, "keep one of the two")
    return replace(source, cluster=source.cluster or other)


def _read_json(text: str, path: Path) -> Marked:
    try:
        return mark(json.loads(text), Location(str(path)))
    except json.JSONDecodeError as error:
        where = Location(str(path), error.lineno)
        raise InputError(f"JSON syntax: {error.msg}", where=where) from error


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    names = [child.name for child in path.parent.iterdir() if child.suffix in _YAML + _INI]
    return hint_of(did_you_mean(path.name, names), "`kprov init` writes an example")
