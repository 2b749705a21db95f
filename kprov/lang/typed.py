"""What the parameters of a task may be: text, true or false, a number, a file mode."""

from __future__ import annotations

import re
from typing import Any

from kprov.core.marked_yaml import Marked
from kprov.lang.template import has_template
from kprov.model.errors import InputError, Location, Problem

FLAGS = frozenset(("absent", "block", "data", "enabled", "running", "secret"))
NUMBERS = frozenset(("timeout",))
PATHS = frozenset(("path", "cert", "key"))
NAMES = frozenset(("name", "archive"))
"""What hosts answer with: these texts have to survive the shell's own JSON lines."""
_NAME = re.compile(r'[^"\\\x00-\x1f\x7f]+')
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_MODE = re.compile(r"[0-7]{3,4}")


def check_written(kind: str, key: str, value: Marked, where: str) -> list[Problem]:
    """What is wrong with a parameter as it is written; templates are left to `rendered`."""
    if isinstance(value.value, str) and has_template(value.value):
        return []
    if key in FLAGS:
        good, expected = _flag(value.value) is not None, "true or false"
    elif key in NUMBERS:
        good, expected = _number(value.value) is not None, "a whole number"
    elif key == "mode":
        good = isinstance(value.value, str) and _MODE.fullmatch(value.value) is not None
        expected = "an octal mode as text"
    else:
        good, expected = not (value.is_mapping or value.is_sequence or value.is_null), "text"
    if good:
        return []
    hint = 'in quotes, for YAML makes another number of it: mode: "0644"' if key == "mode" else ""
    return [Problem(f"`{key}` of {kind} takes {expected}, found {value.kind}", where, hint)]


def written(key: str, value: Marked) -> Any:
    """A parameter as it was written: texts keep their letters, whatever YAML makes of them."""
    return value.value if key in FLAGS or key in NUMBERS else value.text


def rendered(kind: str, key: str, value: Any, where: Location) -> Any:
    """A parameter after its template was rendered, as the type it has to be; InputError."""
    found: Any = value
    if key in FLAGS:
        found, expected = _flag(value), "true or false"
    elif key in NUMBERS:
        found, expected = _number(value), "a whole number"
    elif key == "mode":
        found, expected = (value if _MODE.fullmatch(str(value)) else None), "an octal mode"
    elif key in PATHS:
        absolute = str(value).startswith("/") and _NAME.fullmatch(str(value))
        found, expected = (value if absolute else None), "an absolute path without quotes"
    elif key in NAMES and kind not in ("command", "wait"):
        found = value if _NAME.fullmatch(str(value)) else None
        expected = "a name without quotes and control characters"
    else:
        return found
    if found is None:
        raise InputError(f"`{key}` of {kind} takes {expected}, found {value!r}", where=where)
    return found


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())


def _number(value: Any) -> int | None:
    text = str(value).strip()
    return int(text) if text.isdecimal() else None
