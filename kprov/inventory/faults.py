"""A fault in the spec of a managed cluster, and rules that several parts of it share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FaultPath = tuple[str | int, ...]

_RESOURCE = r"/subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/{}/[^/]+(/[^/]+/[^/]+)*"
_TAGS_OF_KPROV = 2
_MOST_TAGS, _LONGEST_TAG, _LONGEST_TAG_VALUE = 50 - _TAGS_OF_KPROV, 512, 256


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong at a path below `cluster`."""

    path: FaultPath
    what: str
    hint: str = ""


def tag_faults(path: FaultPath, tags: Mapping[str, str]) -> Iterator[Fault]:
    """Resource Manager's limits on tags."""
    if len(tags) > _MOST_TAGS:
        yield Fault(path, f"{len(tags)} tags, expected at most {_MOST_TAGS}: kprov adds its own")
    for name, value in tags.items():
        if re.search(r"[<>%&\\?/]", name) or not 0 < len(name) <= _LONGEST_TAG:
            hint = f"at most {_LONGEST_TAG} characters, none of <>%&\\?/"
            yield Fault((*path, name), f"{name!r} cannot be the name of a tag", hint)
        if len(value) > _LONGEST_TAG_VALUE:
            what = f"the tag {name!r} has {len(value)} characters"
            yield Fault((*path, name), what, f"expected at most {_LONGEST_TAG_VALUE}")


def is_resource_id(text: str, kind: str) -> bool:
    """Whether this is the id of a resource of that kind; Azure ignores case in ids."""
    return bool(re.fullmatch(_RESOURCE.format(re.escape(kind)), text, re.IGNORECASE))


def resource_hint(kind: str) -> str:
    """What such an id looks like."""
    return f"expected /subscriptions/ID/resourceGroups/GROUP/providers/{kind}/NAME"
