"""What the parameters of a task may be: text, true or false, a number, a file mode, collections."""

from __future__ import annotations

import json
import re
from typing import Any

from kprov.core.marked_yaml import Marked
from kprov.lang.template import has_template
from kprov.model.errors import InputError, Location, Problem

FLAGS = frozenset(("absent", "block", "data", "enabled", "running", "secret"))
NUMBERS = frozenset(("timeout",))
MAPPINGS = frozenset(("labels", "annotations"))
LISTS = frozenset(("taints",))
"""Collections of texts; a template of one gives JSON: `{{ item.labels | tojson }}`."""
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
    elif key in MAPPINGS:
        good, expected = value.is_mapping, "a mapping of texts"
    elif key in LISTS:
        good, expected = value.is_sequence, "a list of texts"
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
    if key in FLAGS or key in NUMBERS:
        return value.value
    if value.is_mapping:
        return {name: item.text for name, item in value.mapping.items()}
    return [item.text for item in value.sequence] if value.is_sequence else value.text


def rendered(kind: str, key: str, value: Any, where: Location) -> Any:
    """A parameter after its template was rendered, as the type it has to be; InputError."""
    found: Any = value
    if key in FLAGS:
        found, expected = _flag(value), "true or false"
    elif key in NUMBERS:
        found, expected = _number(value), "a whole number"
    elif key in MAPPINGS:
        found, expected = _collection(value, dict), "a mapping of texts"
    elif key in LISTS:
        found, expected = _collection(value, list), "a list of texts"
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


def _collection(value: Any, kind: type[dict[str, str]] | type[list[str]]) -> Any:
    """The value, read as JSON where it is a text; None when it is no such collection of texts."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(found, kind):
        return None
    items = found.values() if isinstance(found, dict) else found
    return found if all(isinstance(item, str) for item in items) else None
