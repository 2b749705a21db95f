"""Inventories as tables: a CSV file with a line for each host.

The first line names the columns: `name`, `groups` (several with spaces or `;`), and variables of
hosts under their own names; `address`, `user` and `port` stand for Ansible's longer ones. Cells
that are empty say nothing. RFC 4180, with `,`, `;` or a tab between cells.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from kprov.core.marked_yaml import Marked, mark
from kprov.inventory.entries import Entry, HostEntry, Source, Var
from kprov.inventory.findings import Findings, did_you_mean
from kprov.inventory.yaml_source import expand_at
from kprov.model.errors import InputError, Location

_SHORT = {
    "address": "ansible_host",
    "user": "ansible_user",
    "port": "ansible_port",
    "key_file": "ansible_ssh_private_key_file",
}
_NEEDED = ("name", "groups")


def read_csv(text: str, file: str, findings: Findings) -> Source:
    """Entries of a table; problems go to `findings`. Raises InputError for a table without name."""
    reader = csv.reader(io.StringIO(text), delimiter=_delimiter(text))
    header = [cell.strip() for cell in next(reader, [])]
    _check_header(header, Location(file, 1))
    entries: list[Entry] = []
    for cells in reader:
        if any(cell.strip() for cell in cells) and not cells[0].lstrip().startswith("#"):
            entries += _host(header, cells, Location(file, reader.line_num), findings)
    return Source(tuple(entries))


def _delimiter(text: str) -> str:
    """The one that the first line has most of: a comma unless there are more of another."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _check_header(header: list[str], where: Location) -> None:
    for name in _NEEDED:
        if name not in header:
            hint = did_you_mean(name, header) or f"found: {', '.join(header)}"
            raise InputError(f"this table has no column `{name}`", where=where, hint=hint)


def _host(
    header: list[str], cells: list[str], where: Location, findings: Findings
) -> Iterator[Entry]:
    if len(cells) > len(header):
        what = f"{len(cells)} cells, but the first line names {len(header)} columns"
        findings.problem(what, where, "a cell with a comma in it needs quotes")
        return
    row = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if cell.strip()}
    pattern, groups = row.pop("name", ""), re.split(r"[\s;,]+", row.pop("groups", ""))
    if not pattern:
        findings.problem("a line without a name", where, "every host needs one")
        return
    variables = {_SHORT.get(name, name): _variable(cell, where) for name, cell in row.items()}
    names, _ = expand_at(pattern, where, findings)
    for name in names:
        for group in groups:
            yield HostEntry(name, group or "ungrouped", where, variables)


def _variable(cell: str, where: Location) -> Var:
    """Whole numbers and true or false are what they look like; all else is text."""
    words = {"true": True, "false": False}
    value: object = words.get(cell.lower(), cell)
    if re.fullmatch(r"0|[1-9]\d*", cell):
        value = int(cell)
    marked = mark(value, where)
    return Var(Marked(marked.value, where, cell), where)
