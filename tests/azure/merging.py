"""How a PUT meets what is there: what is replaced, what is kept when it is left out.

Real behaviour is not uniform (aks.md 6.2). Here, as far as it is known:
- tags, labels and lists are replaced, also by nothing;
- objects are merged key by key: an empty object clears nothing (azure-rest-api-specs#27373);
- values and objects that are left out stay as they are;
- null removes.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.azure.exchange import Json

_REPLACED_MAPS = {"tags", "nodeLabels", "userAssignedIdentities"}
POOL_LISTS = ("nodeTaints", "nodeLabels", "tags")


def merge(current: Json, sent: Json) -> Json:
    """The result of a PUT of `sent` over `current`."""
    merged = copy.deepcopy(current)
    for key, value in sent.items():
        if value is None:
            merged.pop(key, None)
        elif (
            isinstance(value, dict)
            and isinstance(merged.get(key), dict)
            and key not in _REPLACED_MAPS
        ):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def merge_pool(current: Json, sent: Json) -> Json:
    """The same for a pool, whose labels, taints and tags go when they are left out."""
    merged = merge(current, sent)
    for key in POOL_LISTS:
        if not sent.get(key):
            merged.pop(key, None)
    return merged


def at(body: Json, path: str) -> Any:
    """The value at `a.b.c`, None when there is none."""
    value: Any = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def differs(before: Any, after: Any) -> bool:
    """Did it change? Text is compared without regard to case; false, nothing and empty are one."""
    if not before and not after:
        return False
    if isinstance(before, str) and isinstance(after, str):
        return before.lower() != after.lower()
    if isinstance(before, list) and isinstance(after, list):
        return len(before) != len(after) or any(
            differs(a, b) for a, b in zip(before, after, strict=True)
        )
    return bool(before != after)
