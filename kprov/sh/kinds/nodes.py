"""Nodes in the API: labels, annotations and taints that the inventory declares, and no others.

A node carries the record of what kprov has set on it, so that what is no longer declared can be
removed and what others have set is left alone. Server-side apply could not do the same: a node's
taints are one atomic list (k8s.io/api/core/v1, NodeSpec), which Kubernetes itself writes too.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member

RECORD = "kprov.dev/node"
"""The annotation that holds the record: `label:KEY`, `annotation:KEY` and `taint:KEY:EFFECT`."""


class NodeKind:
    """node: expected has `label KEY`, `annotation KEY`, `taint KEY:EFFECT`, each to its value, and
    `record`."""

    name = "node"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """All nodes in one question to the API."""
        wanted = {key for _, resource in resources for key in _keys(resource, "annotation")}
        template = f"{{{{range .items}}}}{_template(wanted)}{{{{end}}}}"
        return [call("look_nodes", str(resources[0][0]), template)]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """What is declared, as it is, and the record; None where the API does not know the node.

        A node that nothing is declared for, and that is not known, is as it should be.
        """
        lines = [text_member(its, "lines") for its in records.of_kind("nodes").values()]
        there = _nodes("\n".join(lines)).get(resource.name)
        expected = resource.expected or {}
        if there is None:
            return None if expected.get("record") else expected
        return {"record": "", **{key: its for key, its in there.items() if key in expected}}

    def write(self, change: Change) -> str:
        """One patch, which holds only if nobody else has changed the node meanwhile."""
        resource = change.resource
        expected = {key: str(value) for key, value in (resource.expected or {}).items()}
        annotations = {**_of(expected, "annotation"), RECORD: expected["record"] or None}
        taints = [_taint(name, value) for name, value in _of(expected, "taint").items()]
        lines = [_line(*its) for its in expected.items() if its[0] != "record" and _is_plain(*its)]
        return call(
            "k_node",
            resource.name,
            _inner(_of(expected, "label")),
            _inner(annotations),
            _inner(taints),
            expected["record"],
            _template(_keys(resource, "annotation")),
            "\n".join(lines),
        )


def _of(expected: Mapping[str, str], kind: str) -> dict[str, str | None]:
    """Name to value of what is of a kind."""
    prefix = f"{kind} "
    return {
        key.removeprefix(prefix): its for key, its in expected.items() if key.startswith(prefix)
    }


def _keys(resource: Resource, kind: str) -> list[str]:
    return [key.partition(" ")[2] for key in resource.expected or {} if key.startswith(f"{kind} ")]


def _taint(name: str, value: str | None) -> dict[str, str]:
    key, _, effect = name.rpartition(":")
    return {"key": key, **({"value": value} if value else {}), "effect": effect}


def _inner(data: object) -> str:
    """JSON without the brackets around it: the host may have something to add."""
    return json.dumps(data, separators=(",", ":"))[1:-1]


def _template(annotations: Iterable[str]) -> str:
    """A Go template for one node: a line each, as `_line` writes them.

    Of annotations only those that are asked for: some are long, and none of kprov's affair.
    """
    names = " ".join(json.dumps(name) for name in sorted({RECORD, *annotations}))
    return (
        "node {{.metadata.name}}\n"
        "{{range $k, $v := .metadata.labels}}label {{$k}} {{$v}}\n{{end}}"
        f"{{{{range $k, $v := .metadata.annotations}}}}{{{{if eq $k {names}}}}}"
        'annotation {{$k}} {{printf "%q" $v}}\n{{end}}{{end}}'
        "{{range .spec.taints}}taint {{.key}}:{{.effect}} {{if .value}}{{.value}}{{end}}\n{{end}}"
    )


def _is_plain(key: str, value: str) -> bool:
    """Whether Go's %q and JSON write this alike, so that the host can compare it."""
    return not key.startswith("annotation ") or (value.isascii() and value.isprintable())


def _line(key: str, value: str) -> str:
    return f"{key} {json.dumps(value) if key.startswith('annotation ') else value}"


@lru_cache(maxsize=8)
def _nodes(text: str) -> dict[str, dict[str, str]]:
    """Node to what is on it, from the lines of the template; lines that are none are skipped."""
    found: dict[str, dict[str, str]] = {}
    its: dict[str, str] = {}
    for kind, name, value in _rows(text):
        if kind == "node":
            its = found.setdefault(name, {})
        elif kind == "annotation" and name == RECORD:
            its["record"] = _unquoted(value)
        else:
            its[f"{kind} {name}"] = _unquoted(value) if kind == "annotation" else value
    return found


def _rows(text: str) -> Iterator[tuple[str, str, str]]:
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if name and kind in ("node", "label", "annotation", "taint"):
            yield kind, name, value


def _unquoted(text: str) -> str:
    """What Go's %q has written: its escapes are Python's as well."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, str) else text
