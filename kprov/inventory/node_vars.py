"""The variables that say what a host is as a node: labels, annotations, taints, its kubelet.

They may stand on hosts and groups and follow Ansible's precedence: the stronger one replaces the
weaker. `node_labels` and `node_taints` are Kubespray's as well, in all its notations.
Syntax: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kprov.core.marked_yaml import Marked, mark, plain
from kprov.inventory.connection import HostValues
from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.names import dns_name_is_valid
from kprov.inventory.templating import has_template
from kprov.model.errors import Location
from kprov.model.node import EFFECTS, NodeSettings, Scalar, Taint

MEANINGS: Mapping[str, str] = {
    "node_labels": "Labels of the node: a mapping, or a list of KEY=VALUE. Those that kprov has "
    "set and that are no longer here are removed; those of others are left alone.",
    "node_annotations": "Annotations of the node, kept as labels are.",
    "node_taints": "Taints of the node: a list of KEY=VALUE:EFFECT, or of {key, value, effect}. "
    "The node is registered with them.",
    "kubelet_config": "KubeletConfiguration of this host or group, merged over "
    "`cluster.kubelet.config` at every depth.",
    "kubelet_extra_args": "Flags of this host's or group's kubelet without dashes; they win over "
    "`cluster.kubelet.extra_args`.",
}
_OTHER_NAMES = {"kubelet_config": ("kubelet_config_extra_args",)}
"""Kubespray's names for the same."""
NAMES = (*MEANINGS, *(name for names in _OTHER_NAMES.values() for name in names))

_PART = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_LONGEST_PART = 63
_LONGEST_TEXT = 65_536
"""Bytes of an annotation: what travels as one word of a command line is twice that at most."""
_OF_THE_KUBELET = (
    "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
)  # fmt: skip
_OURS = "kprov.dev/"
_OF_KUBERNETES = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints that Kubernetes sets and removes by itself, as node.kubernetes.io/not-ready."""
_TAINT_KEYS = ("key", "value", "effect")
_CLOSE = 0.9


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    value: str
    location: Location


def node_settings(host: HostValues, findings: Findings, others: frozenset[str]) -> NodeSettings:
    """What a host's variables say; `others`: variables that are not slips of ours."""
    _refuse_slips(host, findings, others)
    reader = _Reader(host, findings)
    return NodeSettings(
        labels=reader.texts("node_labels", _label_fault),
        annotations=reader.texts("node_annotations", _annotation_fault),
        taints=reader.taints(),
        kubelet_config=reader.mapping("kubelet_config"),
        kubelet_extra_args=reader.flags(),
    )


def _refuse_slips(host: HostValues, findings: Findings, others: frozenset[str]) -> None:
    for name, variable in host.written.items():
        if name in NAMES or name in others:
            continue
        if hint := did_you_mean(name, NAMES, cutoff=_CLOSE):
            findings.problem(f"unknown variable {name!r}", variable.location, hint)


class _Reader:
    """Reads one host's variables, noting what is wrong with each."""

    def __init__(self, host: HostValues, findings: Findings) -> None:
        self._host = host
        self._findings = findings

    def texts(self, name: str, fault_of: Callable[[str, str], str]) -> dict[str, str]:
        """A mapping of keys to texts, or one of the notations for it."""
        found: dict[str, str] = {}
        for entry in self._entries(name):
            if fault := fault_of(entry.key, entry.value):
                self._findings.problem(f"{name}: {fault}", entry.location)
            found[entry.key] = entry.value
        return found

    def taints(self) -> tuple[Taint, ...]:
        """All taints; what is no taint is left out, with a problem."""
        found: dict[str, Taint] = {}
        for item in self._items("node_taints", "a list of KEY=VALUE:EFFECT"):
            taint = self._taint(item)
            if taint is None:
                continue
            if fault := _taint_fault(taint):
                hint = did_you_mean(taint.effect, EFFECTS) if taint.effect not in EFFECTS else ""
                self._findings.problem(f"node_taints: {fault}", item.location, hint)
            elif taint.id in found and found[taint.id] != taint:
                what = f"node_taints: {taint} and {found[taint.id]}: one of a key and an effect"
                self._findings.problem(what, item.location, "keep one of the two")
            else:
                found[taint.id] = taint
        return tuple(found.values())

    def mapping(self, name: str) -> dict[str, object]:
        """Anything, as long as it is a mapping."""
        value = self._value(name)
        if value is None or value.is_null:
            return {}
        if not value.is_mapping:
            self._expected(name, value, "a mapping")
            return {}
        found: dict[str, object] = plain(value)
        return found

    def flags(self) -> dict[str, Scalar]:
        """Flag names without dashes to texts, numbers, true or false."""
        name, found = "kubelet_extra_args", {}
        value = self._value(name)
        for flag, its in value.mapping.items() if value else ():
            if its.is_mapping or its.is_sequence or its.is_null:
                what = f"{name}: {flag} is {its.kind}, expected text, a number, true or false"
                self._findings.problem(what, value.key_location(flag) if value else None)
            elif flag.startswith("-"):
                what = f"{name}: {flag!r} begins with dashes"
                place = value.key_location(flag) if value else None
                self._findings.problem(what, place, f"write {flag.lstrip('-')}")
            else:
                found[flag] = plain(its)
        if value is not None and not value.is_mapping and not value.is_null:
            self._expected(name, value, "a mapping of flags without dashes")
        return found

    def _entries(self, name: str) -> Iterator[_Entry]:
        value = self._value(name)
        if value is None or value.is_null:
            return
        if value.is_mapping:
            for key, its in value.mapping.items():
                place = value.key_location(key)
                if its.is_mapping or its.is_sequence:
                    what = f"{name}: {key} is {its.kind}, expected text"
                    self._findings.problem(what, place)
                else:
                    yield _Entry(key, its.text, place)
            return
        for item in self._items(name, "a mapping, or a list of KEY=VALUE"):
            key, equals, text = item.text.partition("=")
            if equals:
                yield _Entry(key.strip(), text.strip(), item.location)
            else:
                self._findings.problem(
                    f"{name}: found {item.kind}, expected KEY=VALUE", item.location
                )

    def _items(self, name: str, expected: str) -> Iterator[Marked]:
        """The items of a list; a text is one with commas between them."""
        value = self._value(name)
        if value is None or value.is_null:
            return
        if value.is_sequence:
            yield from value.sequence
        elif isinstance(value.value, str):
            for text in filter(None, map(str.strip, value.text.split(","))):
                yield Marked(text, value.location, text)
        else:
            self._expected(name, value, expected)

    def _taint(self, item: Marked) -> Taint | None:
        if item.is_mapping:
            for key in item.mapping:
                if key not in _TAINT_KEYS:
                    what = f"node_taints: unknown key {key!r} in a taint"
                    listed = f"expected {', '.join(_TAINT_KEYS)}"
                    hint = hint_of(did_you_mean(key, _TAINT_KEYS), listed)
                    self._findings.problem(what, item.key_location(key), hint)
                    return None
            texts = (item.mapping[key].text if key in item.mapping else "" for key in _TAINT_KEYS)
            return Taint(*texts)
        try:
            return Taint.parse(item.text)
        except ValueError:
            what = f"node_taints: found {item.kind}, expected KEY=VALUE:EFFECT"
            self._findings.problem(what, item.location, "such as dedicated=gpu:NoSchedule")
            return None

    def _value(self, name: str) -> Marked | None:
        """The value with its places; where a template made it, all of it has the variable's."""
        for its in (name, *_OTHER_NAMES.get(name, ())):
            if its in self._host.values:
                written = self._host.written[its].value
                if not has_template(written):
                    return written
                return mark(self._host.values[its], self._host.place(its))
        return None

    def _expected(self, name: str, value: Marked, expected: str) -> None:
        self._findings.problem(f"{name} is {value.kind}, expected {expected}", value.location)


def _label_fault(key: str, value: str) -> str:
    """Why this cannot be a label; empty when it can."""
    if key in _OF_THE_KUBELET:
        return f"{key} is set by the kubelet itself"
    return _key_fault(key) or _value_fault(key, value)


def _annotation_fault(key: str, value: str) -> str:
    if len(value.encode()) > _LONGEST_TEXT:
        return f"{key} has {len(value.encode())} bytes, at most {_LONGEST_TEXT} are allowed"
    return _key_fault(key)


def _taint_fault(taint: Taint) -> str:
    if taint.effect not in EFFECTS:
        return f"the effect of {taint} is {taint.effect!r}, expected {', '.join(EFFECTS)}"
    if taint.key.startswith(_OF_KUBERNETES):
        return f"{taint.key} is set and removed by Kubernetes itself"
    return _key_fault(taint.key) or _value_fault(taint.key, taint.value)


def _key_fault(key: str) -> str:
    if key.startswith(_OURS):
        return f"{key}: names that begin with {_OURS} are kprov's own"
    prefix, slash, name = key.rpartition("/")
    if (slash and not dns_name_is_valid(prefix)) or not _is_part(name):
        return (
            f"{key!r} is no key: expected a name of letters, digits, '-', '_' and '.', at most "
            f"{_LONGEST_PART} of them, with a DNS name and '/' before it or not"
        )
    return ""


def _value_fault(key: str, value: str) -> str:
    if value and not _is_part(value):
        return (
            f"the value of {key} is {value!r}, expected letters, digits, '-', '_' and '.', at most "
            f"{_LONGEST_PART} of them"
        )
    return ""


def _is_part(text: str) -> bool:
    return len(text) <= _LONGEST_PART and _PART.fullmatch(text) is not None


def schema_of_variables() -> dict[str, dict[str, Any]]:
    """JSON Schema of each of these variables."""
    text = {"type": "string"}
    texts = {"type": ["string", "number", "boolean", "null"]}
    labels = [{"type": "object", "additionalProperties": texts}, {"type": "array", "items": text}]
    taint = {
        "type": "object",
        "properties": {"key": text, "value": texts, "effect": {"enum": list(EFFECTS)}},
        "required": ["key", "effect"],
        "additionalProperties": False,
    }
    kinds: dict[str, dict[str, Any]] = {
        "node_labels": {"anyOf": [*labels, text, {"type": "null"}]},
        "node_annotations": {"anyOf": [*labels, text, {"type": "null"}]},
        "node_taints": {
            "anyOf": [{"type": "array", "items": {"anyOf": [text, taint]}}, text, {"type": "null"}]
        },
        "kubelet_config": {"type": ["object", "string", "null"]},
        "kubelet_extra_args": {"type": ["object", "string", "null"]},
    }
    return {name: {"description": MEANINGS[name], **kind} for name, kind in kinds.items()}
