"""Bodies of the Azure API as plain JSON: flat for comparing, nested for sending.

Azure gives back more than was sent, and differently: enums and ids in another case, lists in
another order, empty things left out. Two values are the same when their canonical forms are.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from kprov.model.resource import Scalar

Json = dict[str, Any]

SPOT_TAINT = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
"""Added by the service to Spot pools (AKS: add a Spot node pool)."""
_OF_THE_SERVICE = "kubernetes.azure.com/"
_WHOLE = ("nodeLabels",)
"""Maps that are compared and replaced as one."""
_EXACT = ("nodeLabels", "nodeTaints", "tags", "publicKeys")
"""Where upper and lower case differ."""
_NOTHING = ("", "none", "regular")
"""Words that Azure leaves out or writes, as it likes."""
_SECRET = re.compile(r"password|secret(?!s?provider)", re.IGNORECASE)


def flatten(body: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """`{a: {b: 1}}` as `{a.b: 1}`; lists and whole maps as JSON text; what is secret, left out."""
    flat: dict[str, Scalar] = {}
    for key, value in body.items():
        path = f"{prefix}{key}"
        if value is None or _SECRET.search(key):
            continue
        if isinstance(value, Mapping) and key not in _WHOLE:
            flat |= flatten(value, f"{path}.")
        elif isinstance(value, (Mapping, list, float)):
            flat[path] = json.dumps(value, sort_keys=True)
        else:
            flat[path] = value
    return flat


def at(body: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a dotted path, None when there is none; case of keys does not count."""
    here: Any = body
    for step in path.split("."):
        if not isinstance(here, Mapping):
            return None
        here = here.get(step, _folded(here, step))
    return here


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> Json:
    """Two bodies merged: maps key by key, anything else is `above`."""
    merged = copy.deepcopy(dict(below))
    for key, value in above.items():
        name = _key_in(merged, key)
        both = isinstance(value, Mapping) and isinstance(merged.get(name), Mapping)
        merged[name] = (
            overlay(merged[name], value) if both and key not in _WHOLE else copy.deepcopy(value)
        )
    return merged


def before_of(wanted: Mapping[str, Any], observed: Mapping[str, Any]) -> dict[str, Scalar]:
    """What Azure has for every key that is wanted, flat; keys it has not are left out."""
    found: dict[str, Scalar] = {}
    for path in _paths(wanted):
        value = at(observed, path) if "tags." not in path else _tag(observed, path)
        found |= flatten({path: value})
    return found


def differing(wanted: Mapping[str, Any], observed: Mapping[str, Any]) -> tuple[str, ...]:
    """The dotted paths at which Azure is not as wanted, in written order."""
    return tuple(
        path
        for path, value in _paths(wanted).items()
        if canonical(path, value)
        != canonical(path, at(observed, path) if "tags." not in path else _tag(observed, path))
    )


def canonical(path: str, value: Any) -> Any:
    """A value as it is compared."""
    leaf = path.rpartition(".")[2]
    exact = any(name in path for name in _EXACT)
    if leaf == "nodeTaints":
        value = [taint for taint in value or [] if taint != SPOT_TAINT]
    elif leaf == "nodeLabels":
        value = {k: v for k, v in (value or {}).items() if not k.startswith(_OF_THE_SERVICE)}
    if isinstance(value, list):
        return (
            sorted(json.dumps(item if exact else _lower(item), sort_keys=True) for item in value)
            or None
        )
    if isinstance(value, Mapping):
        return dict(value) or None
    if value is None or value is False:
        return None
    if isinstance(value, str) and not exact:
        value = normal_region(value) if leaf == "location" else value.lower()
        return None if value in _NOTHING else value
    return value


def normal_region(name: str) -> str:
    """`West Europe` is `westeurope`."""
    return name.replace(" ", "").lower()


def _paths(body: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted path to value, of everything that is compared as one."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        path = f"{prefix}{key}"
        if value is None or _SECRET.search(key):
            continue
        if isinstance(value, Mapping) and key not in _WHOLE:
            found |= _paths(value, f"{path}.")
        else:
            found[path] = value
    return found


def _tag(observed: Mapping[str, Any], path: str) -> Any:
    """A tag: its name may have dots, and its case does not count (Azure: tag resources)."""
    place, _, name = path.partition("tags.")
    tags = at(observed, f"{place}tags") or {}
    return tags.get(name, _folded(tags, name))


def _key_in(body: Mapping[str, Any], key: str) -> str:
    """The name under which a body has a key: add-ons come back as `omsAgent` and `omsagent`."""
    if key in body:
        return key
    return next((name for name in body if name.lower() == key.lower()), key)


def _folded(body: Mapping[str, Any], key: str) -> Any:
    return body.get(_key_in(body, key))


def _lower(item: Any) -> Any:
    return item.lower() if isinstance(item, str) else item
