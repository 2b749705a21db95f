"""One line of words for a change: what is done, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kprov.model.change import Action, Change
from kprov.ui.object_words import dropped_words, leftovers_words, manifest_words, rollout_words

_Expected = Mapping[str, Any]
LONGEST_COMMAND = 60
"""Letters of a command that a plan shows."""


def describe(change: Change) -> str:
    """Words without the id, which stands beside them; a provider may have put its own."""
    if words := change.resource.params.get("words"):
        return str(words)
    match change.action:
        case Action.MAYBE:
            if change.resource.kind == "rollout":
                return rollout_words(change)
            return "tested again on the host, may have to run"
        case Action.REMOVE:
            is_manifest = change.resource.kind == "manifest"
            return f"delete {dropped_words(change)}" if is_manifest else "remove"
        case Action.UPDATE if change.resource.kind == "manifest":
            return manifest_words(change)
        case Action.CREATE:
            words = _CREATED.get(change.resource.kind)
            return words(change, change.resource.expected or {}) if words else "create"
        case Action.RESTART:
            return _restart(change)
        case Action.UPDATE:
            keys = [key for key in change.keys if key not in ("inputs", "reloaded")]
            words_of_keys = [_key(change, key) for key in keys or _only_reloaded(change)]
            restart = [_restart(change)] if is_restart(change) else []
            return "; ".join([*filter(None, [", ".join(words_of_keys)]), *restart]) or "update"


def is_restart(change: Change) -> bool:
    """Whether a unit that is there already is restarted for what it runs with."""
    if change.resource.kind != "unit" or change.action is Action.CREATE:
        return False
    return "inputs" in change.keys or bool(change.because and change.keys != ("reloaded",))


def _owned(change: Change, expected: _Expected) -> str:
    content = change.resource.content
    size = f" {len(content.data)} bytes" if content else ""
    return f"create, {expected['mode']} {expected['owner']}:{expected['group']}{size}"


def _run(change: Change, expected: _Expected) -> str:
    return "run: " + " ".join(str(change.resource.params["run"]).split())[:LONGEST_COMMAND]


_CREATED: Mapping[str, Callable[[Change, _Expected], str]] = {
    "file": _owned,
    "directory": _owned,
    "link": lambda change, its: f"-> {its['target']}",
    "artifact": lambda change, its: f"install, -> {its['link']}",
    "unit": lambda change, its: "enable and start" if its.get("running") else "install",
    "sysctl": lambda change, its: f"set to {its['value']}",
    "module": lambda change, its: "load",
    "mount": lambda change, its: f"mount {its['source']}, {its['type']}",
    "package": lambda change, its: "install",
    "user": lambda change, its: f"create, home {its['home']}, shell {its['shell']}",
    "command": _run,
    "wait": lambda change, its: f"wait, at most {change.resource.params['timeout']} s",
    "pull": lambda change, its: f"pull {', '.join(change.resource.params['images'])}",
    "image": lambda change, its: f"load {', '.join(change.resource.params['tags'])}",
    "manifest": lambda change, its: manifest_words(change),
    "rollout": lambda change, its: rollout_words(change),
    "node": lambda change, its: ", ".join(
        _node(key, None, value) for key, value in its.items() if key != "record"
    ),
}


def _restart(change: Change) -> str:
    if change.because:
        return f"restart, because of {', '.join(change.because)}"
    return "restart, because what it was started from has changed since"


def _only_reloaded(change: Change) -> tuple[str, ...]:
    return change.keys if change.keys == ("reloaded",) else ()


def _reload(change: Change) -> str:
    if change.because:
        return f"reload, because of {', '.join(change.because)}"
    return "reload, because what it has read has changed since"


def _key(change: Change, key: str) -> str:
    """Why one key makes a change; `before` is what the host has."""
    before, after = (change.before or {}).get(key), (change.resource.expected or {}).get(key)
    match change.resource.kind, key:
        case _, "sha256":
            return f"content {str(before or 'none')[:8]} -> {str(after)[:8]}"
        case "unit", "running":
            return "start, because it does not run" if after else "stop"
        case "unit", "enabled":
            return "enable" if after else "disable"
        case "unit", "reloaded":
            return _reload(change)
        case "unit", "loaded":
            return "reload its unit file"
        case "directory", "data":
            return "take its contents as the cluster's"
        case "artifact", "source":
            return f"install {str(after)[:8]} in place of {str(before)[:8] or 'what is there'}"
        case "leftovers", "left":
            return leftovers_words(str(before))
        case "node", _:
            return _node(key, before, after)
        case _:
            return f"{key} {before} -> {after}"


def _node(key: str, before: object, after: object) -> str:
    """A label and the like; of the record, what it has lost and won."""
    if key != "record":
        was = "" if before is None else f" in place of {before or 'nothing'}"
        return f"set {key}{f'={after}' if after else ''}{was}"
    old, new = str(before or "").split(), str(after).split()
    gone = [
        f"remove {word.replace(':', ' ', 1)}" for word in old if word not in new and ":" in word
    ]
    own = [f"take {word.replace(':', ' ', 1)} as kprov's own" for word in new if word not in old]
    return ", ".join([*gone, *own])
