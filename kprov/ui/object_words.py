"""Words for changes to Kubernetes objects: which ones, by name, and why."""

from __future__ import annotations

from collections.abc import Iterable

from kprov.model.change import Change
from kprov.model.kube import object_key

MOST_NAMES = 12
"""Objects that one line of a plan names; the others are counted."""


def manifest_words(change: Change) -> str:
    """`apply: + ConfigMap a/b; ~ Deployment a/c (changed by hand); - Service a/d`."""
    before, wanted = change.before or {}, change.resource.expected or {}
    names = [name for name in wanted if name != "dropped" and before.get(name) != wanted[name]]
    words = [
        f"+ {name}" if name not in before else f"~ {name}{_reason(before[name])}" for name in names
    ]
    words += [f"- {name}" for name in _keys(before.get("dropped"))]
    return f"apply {_few(words, '; ')}"


def rollout_words(change: Change) -> str:
    """What is waited for, and how long."""
    names = [its.key for its in change.resource.params["objects"]]
    return f"wait until ready, at most {change.resource.params['timeout']} s: {_few(names)}"


def leftovers_words(left: str) -> str:
    """What is deleted, by the manifest it belonged to."""
    by_name: dict[str, list[str]] = {}
    for line in left.splitlines():
        name, _, rest = line.partition(" ")
        by_name.setdefault(name, []).extend(_keys(rest))
    return "; ".join(f"delete {name}: {_few(keys)}" for name, keys in by_name.items())


def dropped_words(change: Change) -> str:
    """The objects that are on record and no longer wanted."""
    return _few(_keys((change.before or {}).get("dropped")))


def _keys(lines: object) -> list[str]:
    """A Namespace says what goes with it."""
    keys = []
    for line in str(lines or "").splitlines():
        words = line.split()
        if len(words) == 4:
            all_of_it = " and everything in it" if words[1] == "Namespace" else ""
            keys.append(object_key(*words) + all_of_it)
    return keys


def _reason(found: object) -> str:
    """Digests say nothing to people; what else there is instead of one does."""
    return f" ({found})" if " " in str(found) else ""


def _few(words: Iterable[str], separator: str = ", ") -> str:
    its = list(words)
    more = len(its) - MOST_NAMES
    return separator.join(its[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
