"""Jinja2 for roles: undefined names are errors with a place, pending facts can be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import jinja2
import yaml

from kprov.lang.schema import did_you_mean
from kprov.model.errors import InputError, Location


class FactsPendingError(Exception):
    """A template asked for facts before the hosts were looked at."""


class Pending:
    """Stands for facts that are not there yet: whatever is asked of it raises."""

    def _pending(self, *_: object) -> NoReturn:
        raise FactsPendingError

    def __getattr__(self, name: str) -> NoReturn:
        raise FactsPendingError

    __getitem__ = __iter__ = __str__ = __bool__ = __len__ = __eq__ = __contains__ = _pending
    __hash__ = None  # type: ignore[assignment]


class Renderer:
    """Renders the texts and templates of one role."""

    def __init__(self, role_folder: Path, shared: Path) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([role_folder / "templates", shared]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,  # noqa: S701  configuration files and shell, never HTML
        )
        self._environment.filters["yaml"] = _to_yaml
        self._folder = role_folder

    def text(self, value: object, values: Mapping[str, Any], where: Location) -> Any:
        """Render a text; lists and mappings item by item; other values as they are."""
        if isinstance(value, list):
            return [self.text(item, values, where) for item in value]
        if isinstance(value, dict):
            return {key: self.text(item, values, where) for key, item in value.items()}
        if not isinstance(value, str) or ("{{" not in value and "{%" not in value):
            return value
        with _Explained(where, values):
            return self._environment.from_string(value).render(values)

    def expression(self, value: str, values: Mapping[str, Any], where: Location) -> Any:
        """The value of a Jinja expression."""
        bare = value.strip().removeprefix("{{").removesuffix("}}").strip()
        with _Explained(where, values):
            return self._environment.compile_expression(bare, undefined_to_none=False)(**values)

    def template(self, name: str, values: Mapping[str, Any], where: Location) -> str:
        """A template of the role, or a shared one."""
        place = Location(str(self._folder / "templates" / name))
        try:
            template = self._environment.get_template(name)
        except jinja2.TemplateNotFound as error:
            raise InputError(
                f"no template `{error.name}`", where=where,
                hint=f"expected at {self._folder / 'templates' / name}",
            ) from error  # fmt: skip
        except jinja2.TemplateSyntaxError as error:
            raise InputError(
                f"{error.message}", where=Location(error.filename or str(place), error.lineno)
            ) from error
        with _Explained(place, values):
            return template.render(values)


class _Explained:
    """Turns Jinja's errors into ours, with the template's own line."""

    def __init__(self, where: Location, values: Mapping[str, Any]) -> None:
        self._where = where
        self._values = values

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: Any) -> None:
        if not isinstance(error, jinja2.TemplateError):
            return
        where = self._where
        while traceback is not None:
            file = traceback.tb_frame.f_code.co_filename
            if file.endswith(".j2"):
                where = Location(file, traceback.tb_lineno)
            traceback = traceback.tb_next
        what = error.message or str(error)
        word = what.split("'")[1] if what.count("'") >= 2 else ""
        hint = did_you_mean(word, self._values) if "undefined" in what and word else ""
        raise InputError(what, where=where, hint=hint) from error


def _to_yaml(value: object) -> str:
    return str(yaml.safe_dump(value, default_flow_style=False, sort_keys=False))
