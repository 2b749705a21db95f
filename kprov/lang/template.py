"""Jinja2 for roles: what goes wrong is an error with a place, pending facts can be told apart."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import jinja2
import yaml
from jinja2.filters import do_tojson
from jinja2.utils import missing
from pydantic import BaseModel

from kprov.lang.pending import FactsPendingError, settled
from kprov.lang.schema import did_you_mean
from kprov.model.errors import InputError, KprovError, Location

_RESULT = "kprov_result"
_TEXT = "text:"


class Renderers:
    """The renderers of a run, one a role: a template is compiled once for all hosts.

    `bytecode`: a private folder where what was compiled is kept for the next run.
    """

    def __init__(self, shared: Path, bytecode: Path | None = None) -> None:
        self._shared = shared
        self._bytecode = None if bytecode is None else _bytecode_cache(bytecode)
        self._renderers: dict[Path, Renderer] = {}

    def of(self, role_folder: Path) -> Renderer:
        """The renderer of the role in that folder."""
        if role_folder not in self._renderers:
            folders = (role_folder / "templates", self._shared)
            self._renderers[role_folder] = Renderer(folders, self._bytecode)
        return self._renderers[role_folder]

    def beside(self, file: Path) -> Renderer:
        """The renderer of a template that belongs to no role, and of those beside it."""
        if file not in self._renderers:
            self._renderers[file] = Renderer((file.parent, self._shared), self._bytecode)
        return self._renderers[file]


def _bytecode_cache(folder: Path) -> jinja2.BytecodeCache | None:
    """None where nothing can be kept: templates are compiled each time then."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            return None  # what somebody else may write is not run
    except OSError:
        return None
    return jinja2.FileSystemBytecodeCache(str(folder))


class _Texts(jinja2.BaseLoader):
    """Lets texts be loaded like files, by their digest, so that they are compiled once as well."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def name(self, text: str) -> str:
        """The name under which a text is found from now on."""
        name = _TEXT + hashlib.sha256(text.encode()).hexdigest()
        self._texts[name] = text
        return name

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, None, Callable[[], bool]]:
        """The text itself."""
        if template not in self._texts:
            raise jinja2.TemplateNotFound(template)
        return self._texts[template], None, lambda: True


class Renderer:
    """Renders the texts and templates of one role, or of one folder; the first that has it wins."""

    def __init__(
        self, folders: tuple[Path, ...], bytecode: jinja2.BytecodeCache | None = None
    ) -> None:
        self._folders = folders
        self._texts = _Texts()
        self._environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([self._texts, jinja2.FileSystemLoader(self._folders)]),
            bytecode_cache=bytecode,
            cache_size=-1,
            auto_reload=False,
            undefined=_Undefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701  configuration files and shell, never HTML
        )
        self._environment.filters["yaml"] = _to_yaml
        self._environment.filters["tojson"] = _to_json

    def text(self, value: object, values: Mapping[str, Any], where: Location) -> Any:
        """Render a text; lists and mappings item by item; other values as they are."""
        if isinstance(value, list):
            return [self.text(item, values, where) for item in value]
        if isinstance(value, dict):
            return {key: self.text(item, values, where) for key, item in value.items()}
        if not isinstance(value, str) or not has_template(value):
            return value
        with self._explained(where, values):
            return self._environment.get_template(self._texts.name(value)).render(values)

    def expression(self, value: str, values: Mapping[str, Any], where: Location) -> Any:
        """The value of a Jinja expression; InputError when it is undefined."""
        bare = value.strip().removeprefix("{{").removesuffix("}}").strip()
        with self._explained(where, values):
            found = self._value(bare, values)
            if isinstance(found, _Undefined):
                found.complain()
            return found

    def _value(self, bare: str, values: Mapping[str, Any]) -> Any:
        """As Environment.compile_expression does it, but from a template that is kept."""
        name = self._texts.name(f"{{% set {_RESULT} = {bare} %}}")
        template = self._environment.get_template(name)
        context = template.new_context(dict(values))
        for _ in template.root_render_func(context):
            pass
        return context.vars[_RESULT]

    def template(self, name: str, values: Mapping[str, Any], where: Location) -> str:
        """A template of the role, or a shared one."""
        with self._explained(where, values):
            return self._environment.get_template(name).render(values)

    def place(self, name: str) -> Location:
        """Where a template is, or would be."""
        found = [folder / name for folder in self._folders if (folder / name).is_file()]
        return Location(str(found[0] if found else self._folders[0] / name))

    @contextmanager
    def _explained(self, where: Location, values: Mapping[str, Any]) -> Iterator[None]:
        """Turns what Jinja and the expressions in it raise into InputError with a place."""
        try:
            yield
        except (FactsPendingError, KprovError):
            raise
        except jinja2.TemplateNotFound as error:
            place = self._line(error.__traceback__, where)
            expected = self._folders[0] / str(error.name)
            raise InputError(
                f"no template `{error.name}`", where=place, hint=f"expected at {expected}"
            ) from error
        except jinja2.TemplateSyntaxError as error:
            place = self._syntax_place(error) or where
            raise InputError(f"template syntax: {error.message}", where=place) from error
        except _UnknownNameError as error:
            hint = did_you_mean(error.name, error.known if error.known is not None else values)
            place = self._line(error.__traceback__, where)
            raise InputError(str(error), where=place, hint=hint) from error
        except Exception as error:  # a role is code: what it does wrong is for its author
            what = f"{type(error).__name__}: {error}"
            raise InputError(what, where=self._line(error.__traceback__, where)) from error

    def _syntax_place(self, error: jinja2.TemplateSyntaxError) -> Location | None:
        """None for texts in a task; comments that do not end come without a file name."""
        if error.filename:
            return Location(error.filename, error.lineno)
        if error.name and not error.name.startswith(_TEXT):
            return Location(self.place(error.name).file, error.lineno)
        return None

    def _line(self, traceback: TracebackType | None, where: Location) -> Location:
        """The innermost line of a template that was at work; Jinja puts it into the traceback."""
        while traceback is not None:
            file = traceback.tb_frame.f_code.co_filename
            if any(Path(file).is_relative_to(folder) for folder in self._folders):
                where = Location(file, traceback.tb_lineno)
            traceback = traceback.tb_next
        return where


def has_template(text: str) -> bool:
    """Whether there is Jinja2 in a text."""
    return "{{" in text or "{%" in text


class _UnknownNameError(jinja2.UndefinedError):
    """A name that means nothing; `known` are those that would, None: the variables."""

    def __init__(self, what: str, name: str, known: Sequence[str] | None) -> None:
        super().__init__(what)
        self.name = name
        self.known = known


class _Undefined(jinja2.StrictUndefined):
    """Complains in words that say what would have been there."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: Any = None
    ) -> None:
        known = None if obj is missing else _members(obj)
        what = f"`{name}` is not defined" if known is None else f"{_words(obj)} has no `{name}`"
        super().__init__(
            hint or what,
            exc=partial(_UnknownNameError, name=str(name), known=known),  # type: ignore[arg-type]
        )

    def complain(self) -> None:
        """Raise what using it would raise."""
        self._fail_with_undefined_error()


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return "this mapping"
    if isinstance(value, (list, tuple)):
        return f"this list of {len(value)}"
    return f"this {type(value).__name__}"


def _members(value: object) -> list[str]:
    """What a template may ask a value for."""
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    if isinstance(value, BaseModel):
        return list(type(value).model_fields)
    if dataclasses.is_dataclass(value):
        return [field.name for field in dataclasses.fields(value)]
    return [name for name in dir(value) if not name.startswith("_")]


def _to_yaml(value: object) -> str:
    return str(yaml.safe_dump(settled(value), default_flow_style=False, sort_keys=False))


@jinja2.pass_eval_context
def _to_json(context: Any, value: object, indent: int | None = None) -> Any:
    return do_tojson(context, settled(value), indent)
