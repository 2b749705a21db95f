"""The cluster spec: from what was written to a ClusterSpec, every problem at its line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kprov.core.marked_yaml import Marked, plain
from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import Location

Path = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}


@dataclass(frozen=True, slots=True)
class ReadSpec:
    """The spec with what was wrong left at its default, so that other checks can go on."""

    spec: ClusterSpec
    written: Marked
    wrong: frozenset[Path]

    def place(self, *path: str | int) -> Location:
        """Where a field was written, or the nearest thing above it."""
        return self.written.locate(path)

    def says(self, *path: str | int) -> bool:
        """Whether the field was written by anybody."""
        return self.written.at(path) is not None

    def good(self, *path: str | int) -> bool:
        """Whether nothing is wrong at this path or above it."""
        return not any(path[: len(bad)] == bad or bad[: len(path)] == path for bad in self.wrong)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Shape(Generic[Model]):
    """What is expected below a key of an inventory file."""

    name: str
    model: type[Model]


CLUSTER = Shape("cluster", ClusterSpec)


def read_spec(written: Marked, findings: Findings) -> ReadSpec:
    """Validate a cluster spec; problems go to `findings`."""
    if written.is_null:
        written = Marked({}, written.location)
    if not written.is_mapping:
        what = f"`cluster` is {written.kind}, expected a mapping"
        findings.problem(what, written.location, "start with `name:` and `kubernetes:`")
        return ReadSpec(ClusterSpec(), Marked({}, written.location), frozenset({()}))
    _refuse_empty_local(written, findings)
    written = _without_nulls(written, ClusterSpec)
    spec, written, wrong = _validated(written, CLUSTER, findings)
    return ReadSpec(spec or ClusterSpec(), written, wrong)


def read_shape(written: Marked, shape: Shape[Model], findings: Findings) -> Model | None:
    """Validate what stands below another key than `cluster`; None when too much is wrong."""
    if not written.is_mapping:
        what = f"`{shape.name}` is {written.kind}, expected a mapping"
        findings.problem(what, written.location)
        return None
    return _validated(_without_nulls(written, shape.model), shape, findings)[0]


def _validated(
    written: Marked, shape: Shape[Model], findings: Findings
) -> tuple[Model | None, Marked, frozenset[Path]]:
    """The value of what is right, what was left of the text, and the paths that are wrong."""
    wrong: set[Path] = set()
    while True:
        try:
            return shape.model.model_validate(plain(written)), written, frozenset(wrong)
        except ValidationError as error:
            bad = dict(_by_path(error.errors(), written))
            for path, details in bad.items():
                if not any(path == its[: len(path)] for its in wrong):  # said of what is in it
                    _note(path, details, written, shape, findings)
            wrong |= bad.keys()
            if () in bad:
                return None, written, frozenset(wrong)
            written = _without(written, bad)


def _refuse_empty_local(written: Marked, findings: Findings) -> None:
    local = written.mapping.get("local")
    if local is not None and local.is_null:
        hint = "write `local: {}` for machines on this computer, or remove the line"
        findings.problem("`cluster.local` says nothing", written.key_location("local"), hint)


def _without_nulls(written: Marked, model: type[BaseModel]) -> Marked:
    """A field without a value, as when all lines below it are comments, is as if not written."""
    kept: dict[str, Marked] = {}
    for key, value in written.mapping.items():
        if value.is_null:
            continue
        inner = _model_of(model, key)
        kept[key] = _without_nulls(value, inner) if inner and value.is_mapping else value
    return Marked(kept, written.location, keys=written.keys)


def _by_path(
    errors: Iterable[ErrorDetails], written: Marked
) -> Iterable[tuple[Path, list[ErrorDetails]]]:
    """Errors by the path that was written; pydantic adds union members and markers to it."""
    found: dict[Path, list[ErrorDetails]] = {}
    for details in errors:
        path: Path = ()
        for step in details["loc"]:
            if written.at((*path, step)) is None:
                break
            path = (*path, step)
        found.setdefault(path, []).append(details)
    return found.items()


def _note(
    path: Path,
    errors: list[ErrorDetails],
    written: Marked,
    shape: Shape[Model],
    findings: Findings,
) -> None:
    found = written.at(path)
    assert found is not None
    name, where = _name(path, shape), written.locate(path)
    first = errors[0]
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden" or first["loc"][-1] == "[key]":
        known = _known_keys(path[:-1], shape)
        expected = f"expected one of: {', '.join(known)}"
        hint = hint_of(did_you_mean(str(path[-1]), known), expected)
        findings.problem(
            f"unknown key {str(path[-1])!r} in `{_name(path[:-1], shape)}`", where, hint
        )
    elif kind == "missing":
        missing = [str(error["loc"][-1]) for error in errors]
        if not any(did_you_mean(key, missing) for key in found.mapping):
            findings.problem(f"`{name}` has no `{missing[0]}`", where)
    elif kind == "literal_error":
        choices = _choices(path, shape) or str(context.get("expected", ""))
        hint = did_you_mean(found.text, choices) if isinstance(choices, tuple) else ""
        listed = ", ".join(choices) if isinstance(choices, tuple) else choices
        findings.problem(f"`{name}` is {found.kind}, expected one of: {listed}", where, hint)
    elif kind == "value_error":
        findings.problem(f"`{name}`: {context['error']}", where)
    else:
        expected = " or ".join(dict.fromkeys(_expectation(error) for error in errors))
        findings.problem(
            f"`{name}` is {found.kind}, expected {expected}", where, _hint(found, kind)
        )


def _expectation(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in _EXPECTED:
        return _EXPECTED[kind]
    if kind == "string_pattern_mismatch":
        return _PATTERN_WORDS.get(str(details["loc"][-1]), f"a match of {context['pattern']}")
    if kind == "string_too_long":
        return f"at most {context['max_length']} characters"
    if kind == "greater_than_equal":
        return f"at least {context['ge']}"
    if kind == "less_than_equal":
        return f"at most {context['le']}"
    return details["msg"]


_PATTERN_WORDS = {
    "name": "at most 63 lower-case letters, digits and '-'",
    "sha256": "64 lower-case hexadecimal digits",
}


def _hint(found: Marked, kind: str) -> str:
    if kind == "string_type" and isinstance(found.value, (int, float)):
        return f'quote it: "{found.text}"'
    return ""


def _name(path: Iterable[str | int], shape: Shape[Model]) -> str:
    text = shape.name
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text


def _known_keys(path: Path, shape: Shape[Model]) -> tuple[str, ...]:
    """The keys that may stand at a path."""
    if path == ("roles",):
        return ("before", "after")
    model = _model_at(path, shape)
    return tuple(model.model_fields) if model else ()


def _choices(path: Path, shape: Shape[Model]) -> tuple[str, ...]:
    model = _model_at(path[:-1], shape)
    field = model.model_fields.get(str(path[-1])) if model and path else None
    return tuple(_literals(field.annotation)) if field else ()


def _literals(annotation: Any) -> Iterator[str]:
    """The words that a field takes, `Literal[...] | None` included."""
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    else:
        for inner in get_args(annotation):
            yield from _literals(inner)


def _model_at(path: Path, shape: Shape[Model]) -> type[BaseModel] | None:
    """The model of what stands at a path; numbers are items of a list of models."""
    model: type[BaseModel] | None = shape.model
    for step in path:
        if model is not None and not isinstance(step, int):
            model = _model_of(model, step)
    return model


def _model_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model behind a field, list items included; None for anything else."""
    field = model.model_fields.get(key)
    if field is None:
        return None
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _without(written: Marked, paths: Mapping[Path, Any]) -> Marked:
    """The same without the values at these paths."""
    if written.is_mapping:
        kept = {
            key: _without(value, _below(paths, key))
            for key, value in written.mapping.items()
            if (key,) not in paths
        }
        return Marked(kept, written.location, keys=written.keys)
    if written.is_sequence:
        items = (
            _without(item, _below(paths, number))
            for number, item in enumerate(written.sequence)
            if (number,) not in paths
        )
        return Marked(tuple(items), written.location)
    return written


def _below(paths: Mapping[Path, Any], step: str | int) -> dict[Path, Any]:
    return {path[1:]: value for path, value in paths.items() if path[:1] == (step,)}
