"""YAML that remembers where every key and value stood, for errors that point at a line.

Safe types only (text, numbers, true/false, null, lists, mappings), JSON-like: keys are text as
written, dates stay text. Anchors, aliases and merge keys (`<<`) work. Duplicate keys, foreign tags
and keys that are themselves collections are problems, all of them reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from kprov.model.errors import InputError, Location, Problem, ProblemsError

Scalar = str | int | float | bool | None
Path = Sequence[str | int]

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_CORE + name for name in ("null", "bool", "int", "float"))
_TEXT_TAGS = frozenset((_CORE + "str", _CORE + "timestamp", "!unsafe"))
_COLLECTION_TAGS = frozenset((_CORE + "map", _CORE + "seq"))
_MERGE_TAG = _CORE + "merge"


@dataclass(frozen=True, slots=True)
class Marked:
    """A YAML value and its place: exactly one of mapping, sequence, scalar.

    `location` is where the value starts; `key_location(key)` is where a key of a mapping stands.
    `text` is a scalar as it was written (`1.30` where the value is the number 1.3).
    """

    value: dict[str, Marked] | tuple[Marked, ...] | Scalar
    location: Location
    text: str = ""
    keys: Mapping[str, Location] = field(default_factory=dict)

    @property
    def mapping(self) -> dict[str, Marked]:
        """The entries of a mapping; empty for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def sequence(self) -> tuple[Marked, ...]:
        """The items of a list; empty for anything else."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping, `{}` included."""
        return isinstance(self.value, dict)

    @property
    def is_sequence(self) -> bool:
        """Whether this is a list, `[]` included."""
        return isinstance(self.value, tuple)

    @property
    def is_null(self) -> bool:
        """Whether nothing was written here: `key:`, `~`, `null`."""
        return self.value is None

    @property
    def kind(self) -> str:
        """What was found, in words for an error message."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, tuple):
            return "a list"
        if self.value is None:
            return "nothing"
        if isinstance(self.value, bool):
            return f"{self.text} (true or false)"
        if isinstance(self.value, str):
            return f"the text {self.value!r}"
        return f"the number {self.text}"

    def key_location(self, key: str) -> Location:
        """Where `key` is written; where the mapping starts when it has no such key."""
        return self.keys.get(key, self.location)

    def locate(self, path: Path) -> Location:
        """The place of the deepest part of `path` that exists: an entry's key, a list's item."""
        here, location = self, self.location
        for step in path:
            if isinstance(step, int) and step < len(here.sequence):
                here = here.sequence[step]
                location = here.location
            elif str(step) in here.mapping:
                location = here.key_location(str(step))
                here = here.mapping[str(step)]
            else:
                break
        return location

    def at(self, path: Path) -> Marked | None:
        """The value at `path`, None when there is none."""
        here: Marked | None = self
        for step in path:
            if here is None:
                return None
            if isinstance(step, int) and here.is_sequence:
                here = here.sequence[step] if step < len(here.sequence) else None
            else:
                here = here.mapping.get(str(step))
        return here


def load_marked(text: str, file: str) -> Marked:
    """Read one YAML document; an empty one is a null.

    Raises InputError with the line for a syntax error, ProblemsError for every duplicate key,
    foreign tag and unusable key at once.
    """
    marked, problems = scan_marked(text, file)
    if problems:
        raise ProblemsError(problems)
    return marked


def scan_marked(text: str, file: str) -> tuple[Marked, tuple[Problem, ...]]:
    """Read as much as can be read and return the problems beside it; InputError for syntax."""
    reader = _Reader(file)
    root = _compose(text, file)
    if root is None:
        return Marked(None, Location(file, 1)), ()
    return reader.read(root), tuple(reader.problems)


def plain(marked: Marked) -> Any:
    """The value as ordinary Python: dict, list, str, int, float, bool, None."""
    if isinstance(marked.value, dict):
        return {key: plain(value) for key, value in marked.value.items()}
    if isinstance(marked.value, tuple):
        return [plain(value) for value in marked.value]
    return marked.value


def mark(value: object, location: Location) -> Marked:
    """Wrap ordinary data (from JSON, from the command line) that has but one place."""
    if isinstance(value, Mapping):
        entries = {str(key): mark(item, location) for key, item in value.items()}
        return Marked(entries, location, keys=dict.fromkeys(entries, location))
    if isinstance(value, (list, tuple)):
        return Marked(tuple(mark(item, location) for item in value), location)
    if value is None or isinstance(value, (bool, int, float)):
        return Marked(value, location, "" if value is None else str(value).lower())
    return Marked(str(value), location, str(value))


def _compose(text: str, file: str) -> yaml.Node | None:
    # libyaml is ten times faster than the pure reader and gives the same marks
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, file) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        what = f"this is not text: {error.reason}"
        raise InputError(what, where=Location(file, line), hint="save it as UTF-8 text") from error
    return node


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str) -> InputError:
    place = error.problem_mark or error.context_mark
    line = place.line + 1 if place else 0
    what = f"YAML syntax: {error.problem or error.context or 'unreadable'}"
    if error.context and error.problem:
        what += f", {error.context}"
        if error.context_mark and error.context_mark.line + 1 != line:
            what += f" that began in line {error.context_mark.line + 1}"
    lines = text.split("\n")
    hint = _syntax_hint(what, lines[line - 1] if 0 < line <= len(lines) else "")
    return InputError(what, where=Location(file, line), hint=hint)


def _syntax_hint(what: str, line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return "indent with spaces; YAML has no tabs there"
    if "mapping values are not allowed" in what:
        return "a colon too many, a wrong indent, or text with ': ' in it that needs quotes"
    if "cannot start any token" in what:
        return "quote a value that starts with @, ` or %"
    return ""


class _Reader:
    """Turns PyYAML's nodes into Marked values and collects what is wrong on the way."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._scalars = yaml.constructor.SafeConstructor()
        self._done: dict[int, Marked] = {}
        self._open: set[int] = set()

    def read(self, node: yaml.Node) -> Marked:
        """One node; aliases share what their anchor gave, so nested aliases cost nothing."""
        key = id(node)
        if key in self._done:
            return self._done[key]
        if key in self._open:
            self._problem(node, "an alias that contains itself", "write the value out")
            return Marked(None, self._place(node))
        self._open.add(key)
        marked = self._read_new(node)
        self._open.discard(key)
        self._done[key] = marked
        return marked

    def _read_new(self, node: yaml.Node) -> Marked:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if node.tag not in _COLLECTION_TAGS:
            self._foreign_tag(node)
        if isinstance(node, yaml.SequenceNode):
            return Marked(tuple(self.read(item) for item in node.value), self._place(node))
        assert isinstance(node, yaml.MappingNode)
        return self._mapping(node)

    def _scalar(self, node: yaml.ScalarNode) -> Marked:
        place, text = self._place(node), str(node.value)
        if node.tag in _SCALAR_TAGS:
            try:
                return Marked(self._scalars.construct_object(node), place, text)
            except (ValueError, KeyError, yaml.YAMLError):
                kind = node.tag.removeprefix(_CORE)
                self._problem(node, f"{text!r} is not a YAML {kind}", "quote it if it is text")
        elif node.tag not in _TEXT_TAGS and node.tag not in (_MERGE_TAG, _CORE + "value"):
            self._foreign_tag(node)
        return Marked(text, place, text)

    def _mapping(self, node: yaml.MappingNode) -> Marked:
        own: dict[str, Marked] = {}
        keys: dict[str, Location] = {}
        merged: list[Marked] = []
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                merged += self._merge_sources(value_node)
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._unusable_key(key_node)
                continue
            key = str(key_node.value)
            if key in own:
                first = keys[key].line
                what = f"the key {key!r} is here a second time; the first is in line {first}"
                self._problem(key_node, what, "keep one of the two")
                continue
            own[key], keys[key] = self.read(value_node), self._place(key_node)
        for source in merged:
            for key, value in source.mapping.items():
                if key not in own:
                    own[key], keys[key] = value, source.key_location(key)
        return Marked(own, self._place(node), keys=keys)

    def _merge_sources(self, node: yaml.Node) -> Iterator[Marked]:
        marked = self.read(node)
        for source in marked.sequence or (marked,):
            if source.is_mapping:
                yield source
            else:
                what = f"'<<' merges mappings, found {source.kind}"
                self._problem(node, what, "write `<<: *anchor` or `<<: [*one, *two]`")

    def _unusable_key(self, node: yaml.Node) -> None:
        hint = "keys are text"
        if isinstance(node, yaml.MappingNode):
            hint = 'a value that starts with {{ needs quotes: "{{ name }}"'
        self._problem(node, "a collection is used as a key", hint)

    def _foreign_tag(self, node: yaml.Node) -> None:
        hint = "write plain YAML"
        if node.tag in ("!vault", "!vault-encrypted"):
            hint = "Ansible Vault is not read: give secrets by KPROV_... variables or `-e @file`"
        self._problem(node, f"the tag {node.tag.replace(_CORE, '!!')} is not supported", hint)

    def _place(self, node: yaml.Node) -> Location:
        return Location(self._file, node.start_mark.line + 1)

    def _problem(self, node: yaml.Node, what: str, hint: str) -> None:
        self.problems.append(Problem(what, str(self._place(node)), hint))
