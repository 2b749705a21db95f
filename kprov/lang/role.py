"""Roles: found, read and checked. A role beside the inventory wins over the shipped one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kprov.core.marked_yaml import Marked, load_marked, plain
from kprov.lang.schema import KEYWORDS, KINDS, UNIT_KEYWORDS, did_you_mean, unknown_word
from kprov.lang.typed import check_written, written
from kprov.model.errors import InputError, Location, Problem, ProblemsError


@dataclass(frozen=True, slots=True)
class Task:
    """One entry of tasks.yaml: a kind, its parameters, and keywords; all still unrendered.

    `loop` is an expression or a list of items, None when there is none.
    """

    kind: str
    params: Mapping[str, Any]
    location: Location
    alias: str = ""
    when: str = ""
    loop: str | list[Any] | None = None
    restart_on: tuple[str, ...] = ()
    reload_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Default:
    """The default of a variable, and where it is written."""

    value: Any
    location: Location


@dataclass(frozen=True, slots=True)
class Role:
    """A folder: tasks.yaml, defaults.yaml, templates/."""

    name: str
    folder: Path
    tasks: tuple[Task, ...]
    defaults: Mapping[str, Default] = field(default_factory=dict)


def read_role(name: str, search: Sequence[Path]) -> Role:
    """The role of that name from the first folder of `search` that has it.

    Raises InputError when there is none, ProblemsError with everything wrong in its tasks.
    """
    for folder in search:
        if (folder / name).is_dir():
            return _read(name, folder / name)
    known = {
        path.name
        for folder in search if folder.is_dir()
        for path in folder.iterdir() if (path / "tasks.yaml").is_file()
    }  # fmt: skip
    looked = " and ".join(str(folder) for folder in search)
    raise InputError(
        f"there is no role `{name}`", where="cluster.roles",
        hint=f"{did_you_mean(name, known)}\nlooked in {looked}",
    )  # fmt: skip


def _read(name: str, folder: Path) -> Role:
    path = folder / "tasks.yaml"
    if not path.is_file():
        raise InputError(f"role `{name}` has no tasks.yaml", where=str(folder))
    problems: list[Problem] = []
    tasks = _tasks(_load(path, problems), problems)
    defaults_file = folder / "defaults.yaml"
    defaults = {}
    if defaults_file.is_file():
        defaults = _defaults(_load(defaults_file, problems), problems)
    if problems:
        raise ProblemsError(problems)
    return Role(name, folder, tasks, defaults)


def _load(path: Path, problems: list[Problem]) -> Marked:
    """The YAML of a file; what cannot be read becomes a problem and an empty file."""
    try:
        return load_marked(path.read_text(encoding="utf-8"), str(path))
    except InputError as error:
        problems += error.problems
    except OSError as error:
        problems.append(Problem(f"cannot be read: {error.strerror or error}", str(path)))
    except UnicodeDecodeError as error:
        problems.append(Problem(f"is not UTF-8 text: {error.reason}", str(path)))
    return Marked(None, Location(str(path)))


def _defaults(marked: Marked, problems: list[Problem]) -> dict[str, Default]:
    if not marked.is_mapping and not marked.is_null:
        where = str(marked.location)
        problems.append(Problem(f"expected variables with values, found {marked.kind}", where))
    return {
        name: Default(plain(value), marked.key_location(name))
        for name, value in marked.mapping.items()
    }


def _tasks(marked: Marked, problems: list[Problem]) -> tuple[Task, ...]:
    if not marked.is_sequence and not problems:
        where = str(marked.location)
        problems.append(Problem(f"expected a list of tasks, found {marked.kind}", where))
    return tuple(task for item in marked.sequence if (task := _task(item, problems)) is not None)


def _task(item: Marked, problems: list[Problem]) -> Task | None:
    kind = _kind(item, problems)
    if kind is None:
        return None
    place, value = item.key_location(kind), item.mapping[kind]
    if not value.is_mapping:
        problems.append(Problem(f"`{kind}` takes a mapping, found {value.kind}", str(place)))
        return None
    known = len(problems)
    _check_params(kind, value, place, problems)
    _check_keywords(kind, item, problems)
    if len(problems) > known:
        return None
    words = {key: plain(marked) for key, marked in item.mapping.items() if key in KEYWORDS}
    when = words.get("when", "")
    return Task(
        kind,
        {key: written(key, param) for key, param in value.mapping.items()},
        place,
        alias=str(words.get("as", "")),
        when=when if isinstance(when, str) else str(when).lower(),
        loop=words.get("loop"),
        restart_on=_names(words.get("restart_on")),
        reload_on=_names(words.get("reload_on")),
    )


def _names(value: str | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _kind(item: Marked, problems: list[Problem]) -> str | None:
    """The one kind of a task; None and a problem when there is not exactly one."""
    words = [key for key in item.mapping if key not in KEYWORDS]
    unknown = [word for word in words if word not in KINDS]
    if unknown:
        known = (*KINDS, *KEYWORDS)
        problems += [
            unknown_word("kind or keyword", word, known, str(item.key_location(word)))
            for word in unknown
        ]
        return None
    if len(words) != 1:
        found = " and ".join(words) or "none" if item.is_mapping else item.kind
        what = f"a task has exactly one kind, found {found}"
        problems.append(Problem(what, str(item.location), f"kinds: {', '.join(KINDS)}"))
        return None
    return words[0]


def _check_params(kind: str, value: Marked, place: Location, problems: list[Problem]) -> None:
    known = KINDS[kind]
    for key, param in value.mapping.items():
        where = str(value.key_location(key))
        if key in known.names:
            problems += check_written(kind, key, param, where)
        else:
            problems.append(unknown_word(f"parameter of {kind}", key, known.names, where))
    problems += [
        Problem(f"{kind} needs `{key}`", str(place))
        for key in known.required
        if key not in value.mapping
    ]
    if known.one_of and not any(key in value.mapping for key in known.one_of):
        needs = " or ".join(f"`{key}`" for key in known.one_of)
        hint = ""
        if kind == "command":
            hint = "otherwise it would run at every apply; `unless: 'false'` says so on purpose"
        problems.append(Problem(f"{kind} needs {needs}", str(place), hint))


def _check_keywords(kind: str, item: Marked, problems: list[Problem]) -> None:
    def problem(key: str, expected: str, hint: str = "") -> None:
        found = item.mapping[key].kind
        where = str(item.key_location(key))
        problems.append(Problem(f"`{key}` takes {expected}, found {found}", where, hint))

    for key, value in item.mapping.items():
        texts = value.is_sequence and all(isinstance(its.value, str) for its in value.sequence)
        is_text = isinstance(value.value, str)
        if key == "when" and not is_text and not isinstance(value.value, bool):
            problem(key, "one expression", "join conditions with `and`")
        elif key == "loop" and not is_text and not value.is_sequence:
            problem(key, "a list, or an expression that gives one")
        elif key in UNIT_KEYWORDS and not is_text and not texts:
            problem(key, "names or resource ids")
        elif key == "as" and not is_text:
            problem(key, "a short name")
    for key in UNIT_KEYWORDS if kind != "unit" else ():
        if key in item.mapping:
            where = str(item.key_location(key))
            problems.append(Problem(f"`{key}` is for units, this is a {kind}", where))
