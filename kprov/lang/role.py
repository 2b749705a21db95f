"""Roles: found, read and checked. A role beside the inventory wins over the shipped one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kprov.core.marked_yaml import Marked, load_marked, plain
from kprov.lang.schema import KEYWORDS, KINDS, did_you_mean, unknown_word
from kprov.model.errors import InputError, Location, Problem, ProblemsError


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of tasks.yaml: a kind, its parameters, and keywords; all still unrendered."""

    kind: str
    params: Mapping[str, Any]
    location: Location
    alias: str = ""
    when: str = ""
    loop: str = ""
    restart_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """A folder: tasks.yaml, defaults.yaml, templates/."""

    name: str
    folder: Path
    tasks: tuple[Task, ...]
    defaults: Mapping[str, Any] = field(default_factory=dict)


def read_role(name: str, search: Sequence[Path]) -> Role:
    """The role of that name from the first folder of `search` that has it.

    Raises InputError when there is none, ProblemsError with everything wrong in its tasks.
    """
    for folder in search:
        if (folder / name).is_dir():
            return _read(name, folder / name)
    known = sorted({path.name for folder in search if folder.is_dir() for path in folder.iterdir()})
    raise InputError(
        f"no role `{name}`", where=", ".join(map(str, search)), hint=did_you_mean(name, known)
    )


def _read(name: str, folder: Path) -> Role:
    path = folder / "tasks.yaml"
    if not path.is_file():
        raise InputError(f"role `{name}` has no tasks.yaml", where=str(folder))
    marked = load_marked(path.read_text(), str(path))
    problems: list[Problem] = []
    if not marked.is_sequence:
        problems.append(Problem(f"expected a list of tasks, found {marked.kind}", str(path)))
    tasks = [_task(item, problems) for item in marked.sequence]
    if problems:
        raise ProblemsError(problems)
    defaults = folder / "defaults.yaml"
    values = plain(load_marked(defaults.read_text(), str(defaults))) if defaults.is_file() else None
    return Role(name, folder, tuple(task for task in tasks if task), values or {})


def _task(item: Marked, problems: list[Problem]) -> Task | None:
    where = str(item.location)
    kinds = [key for key in item.mapping if key not in KEYWORDS]
    if len(kinds) != 1:
        found = ", ".join(kinds) or "none"
        problems.append(
            Problem(
                f"a task has exactly one kind, found {found}", where, f"kinds: {', '.join(KINDS)}"
            )
        )
        return None
    kind = kinds[0]
    place = item.key_location(kind)
    if kind not in KINDS:
        problems.append(unknown_word("kind or keyword", kind, (*KINDS, *KEYWORDS), str(place)))
        return None
    value = item.mapping[kind]
    if not value.is_mapping:
        problems.append(Problem(f"`{kind}` takes a mapping, found {value.kind}", str(place)))
        return None
    _check_params(kind, value, problems)
    words = {key: plain(marked) for key, marked in item.mapping.items() if key in KEYWORDS}
    restart = words.get("restart_on") or []
    return Task(
        kind,
        plain(value),
        place,
        alias=str(words.get("as") or ""),
        when=_expression(words.get("when")),
        loop=_expression(words.get("loop")),
        restart_on=tuple([restart] if isinstance(restart, str) else restart),
    )


def _expression(value: object) -> str:
    """Jinja expressions; a literal true or a list in YAML is one too."""
    return "" if value is None else value if isinstance(value, str) else repr(value)


def _check_params(kind: str, value: Marked, problems: list[Problem]) -> None:
    known = KINDS[kind]
    for key in value.mapping:
        if key not in known.names:
            where = str(value.key_location(key))
            problems.append(unknown_word(f"parameter of {kind}", key, known.names, where))
    problems += [
        Problem(f"{kind} needs `{key}`", str(value.location))
        for key in known.required
        if key not in value.mapping
    ]
