"""Jinja2 in variable values, resolved per host when a value is asked for.

What works: other variables, `inventory_hostname`, `group_names`, `groups`, `hostvars`,
`inventory_dir`, Jinja2's own filters and a few of Ansible's, `lookup('env', NAME)` and
`lookup('file', PATH)`. A value that is one expression keeps its type, as in Ansible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kprov.core.marked_yaml import Marked
from kprov.inventory.entries import Vars
from kprov.inventory.findings import did_you_mean
from kprov.model.errors import Location

OMIT = object()
"""What `default(omit)` leaves: as if the variable had not been set."""

_TRUE = ("true", "yes", "on", "1", "y", "t")


class UnresolvedError(Exception):
    """A template that cannot be resolved: `fact` and `unsupported` need what only Ansible has."""

    def __init__(
        self,
        kind: Literal["undefined", "fact", "unsupported", "syntax", "loop"],
        what: str,
        location: Location,
        hint: str = "",
    ) -> None:
        super().__init__(what)
        self.kind = kind
        self.what = what
        self.location = location
        self.hint = hint


def has_template(value: Marked) -> bool:
    """Whether there is Jinja2 anywhere in a value."""
    if isinstance(value.value, str):
        return "{{" in value.value or "{%" in value.value
    return any(map(has_template, value.sequence or value.mapping.values()))


@dataclass(frozen=True, slots=True)
class _Template:
    names: frozenset[str]
    render: Callable[[Mapping[str, Any]], Any]


class Engine:
    """Compiles templates once for all hosts; knows the environment and the inventory's folder."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self._compiled: dict[str, _Template] = {}
        self._jinja = ImmutableSandboxedEnvironment(
            undefined=jinja2.StrictUndefined, keep_trailing_newline=True
        )
        self._jinja.globals = {"lookup": self._lookup, "range": range, "omit": OMIT}
        self._jinja.filters |= {"bool": _to_bool, "ternary": _ternary, "mandatory": _mandatory}

    def template(self, text: str, location: Location) -> _Template:
        """The compiled form of a text; raises UnresolvedError."""
        if text not in self._compiled:
            try:
                self._compiled[text] = self._compile(text)
            except jinja2.TemplateAssertionError as error:
                what = f"{error.message} needs Ansible"
                raise UnresolvedError("unsupported", what, location) from error
            except jinja2.TemplateSyntaxError as error:
                what = f"Jinja2 syntax in {text!r}: {error.message}"
                raise UnresolvedError("syntax", what, location) from error
        return self._compiled[text]

    def _compile(self, text: str) -> _Template:
        tree = self._jinja.parse(text)
        names = frozenset(meta.find_undeclared_variables(tree)) - set(self._jinja.globals)
        if not _is_one_expression(tree):
            return _Template(names, self._jinja.from_string(text).render)
        source = text.strip()[2:-2].strip("-+" if text.strip()[2] in "-+" else "-")
        expression = self._jinja.compile_expression(source, undefined_to_none=False)

        def evaluate(values: Mapping[str, Any]) -> Any:
            result = expression(values)
            if isinstance(result, jinja2.Undefined):
                str(result)  # raises UndefinedError with the name
            return result

        return _Template(names, evaluate)

    def _lookup(self, plugin: str, *terms: str, default: str = "") -> str:
        name = plugin.rpartition(".")[2]
        if name == "env":
            return ",".join(self._environ.get(term, default) for term in terms)
        if name == "file":
            return "\n".join(self._file(term) for term in terms)
        raise _UnsupportedError(f"lookup({plugin!r}) needs Ansible")

    def _file(self, term: str) -> str:
        try:
            return (self._folder / Path(term).expanduser()).read_text("utf-8").rstrip()
        except (OSError, UnicodeDecodeError) as error:
            raise _UnsupportedError(f"lookup('file', {term!r}): {error}") from error


class Resolver(Mapping[str, Any]):
    """One host's variables, resolved on demand; a missing or unresolvable one raises."""

    def __init__(self, variables: Vars, magic: Mapping[str, Any], engine: Engine) -> None:
        self._vars = variables
        self._magic = magic
        self._engine = engine
        self._open: list[str] = []
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """The resolved variable; raises KeyError, UnresolvedError."""
        if name in self._magic:
            return self._magic[name]
        if name not in self._values:
            self._values[name] = self._resolve_variable(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._vars)

    def __len__(self) -> int:
        return len(self._vars)

    def resolve(self, value: Marked) -> Any:
        """A value as plain data, its templates resolved; raises UnresolvedError."""
        if isinstance(value.value, str):
            return self._text(value.value, value.location) if has_template(value) else value.value
        if isinstance(value.value, dict):
            resolved = {name: self.resolve(item) for name, item in value.value.items()}
            return {name: item for name, item in resolved.items() if item is not OMIT}
        if isinstance(value.value, tuple):
            items = (self.resolve(item) for item in value.value)
            return [item for item in items if item is not OMIT]
        return value.value

    def _resolve_variable(self, name: str) -> Any:
        variable = self._vars[name]
        if name in self._open:
            way = " > ".join((*self._open[self._open.index(name) :], name))
            raise UnresolvedError("loop", f"{name!r} is made of itself: {way}", variable.location)
        self._open.append(name)
        try:
            return self.resolve(variable.value)
        finally:
            self._open.pop()

    def _text(self, text: str, location: Location) -> Any:
        template = self._engine.template(text, location)
        known = {name: self[name] for name in template.names if self._has(name)}
        try:
            return template.render(known)
        except jinja2.UndefinedError as error:
            raise self._undefined(template.names - set(known), error, location) from error
        except _UnsupportedError as error:
            raise UnresolvedError("unsupported", str(error), location) from error
        except (jinja2.TemplateError, TypeError, ValueError, ArithmeticError) as error:
            what = f"{text!r} cannot be resolved: {error}"
            raise UnresolvedError("syntax", what, location) from error

    def _has(self, name: str) -> bool:
        return name in self._vars or name in self._magic

    def _undefined(
        self, missing: frozenset[str], error: jinja2.UndefinedError, location: Location
    ) -> UnresolvedError:
        facts = sorted(name for name in missing if name.startswith("ansible_"))
        if facts:
            what = f"{facts[0]!r} is a fact that only Ansible gathers"
            return UnresolvedError("fact", what, location)
        if not missing:
            return UnresolvedError("undefined", str(error.message), location)
        name = min(missing)
        hint = did_you_mean(name, (*self._vars, *self._magic)) or "define it, or add | default(...)"
        return UnresolvedError("undefined", f"undefined variable {name!r}", location, hint)


class _UnsupportedError(Exception):
    """Raised inside a template by what only Ansible can do."""


def _is_one_expression(tree: nodes.Template) -> bool:
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = tree.body[0].nodes
    return len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)


def _to_bool(value: object) -> bool:
    return value is True or str(value).strip().lower() in _TRUE


def _ternary(value: object, yes: object, no: object) -> object:
    return yes if value else no


def _mandatory(value: object) -> object:
    if isinstance(value, jinja2.Undefined):
        str(value)
    return value
