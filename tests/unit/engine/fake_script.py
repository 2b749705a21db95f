"""What kprov sends to a host, taken apart again: strictly, so that nothing slips by unnoticed."""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kprov.sh.archive import BOOT, DELIVER
from kprov.sh.library import PAYLOAD, PROBE, REACH, RESET, library

LIBRARIES = {"probe": PROBE, "payload": PAYLOAD, "reach": REACH, "reset": RESET}


@dataclass(frozen=True, slots=True)
class Script:
    """One channel's content: `kind` is probe, payload, reach, reset or delivery."""

    kind: str
    statements: Sequence[Sequence[str]] = ()
    blobs: dict[str, bytes] = field(default_factory=dict)
    """Digest to content."""


def taken_apart(payload: bytes, boot: str) -> Script:
    """The script of a channel; AssertionError for anything that kprov has no business to send."""
    files = _unpacked(payload)
    if boot == DELIVER:
        return Script("delivery", blobs=files)
    assert boot == BOOT, f"an unknown boot line: {boot}"
    text = files.pop("run").decode()
    kind = next(name for name, names in LIBRARIES.items() if text.startswith(library(names)))
    body = text.removeprefix(library(LIBRARIES[kind]))
    blobs = {name.removeprefix("blobs/"): data for name, data in files.items()}
    return Script(kind, [shlex.split(line) for line in _lines(body)], blobs)


def _unpacked(payload: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(payload), mode="r:gz") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        return {name: stream.read() for name, stream in found.items() if stream is not None}


def _lines(text: str) -> Iterator[str]:
    """Statements; a quoted word may hold newlines."""
    statement = ""
    for line in text.splitlines():
        statement += line
        if _is_whole(statement):
            if statement:
                yield statement
            statement = ""
        else:
            statement += "\n"
    assert not statement, f"a quote is never closed: {statement}"


def _is_whole(text: str) -> bool:
    try:
        shlex.split(text)
    except ValueError:
        return False
    return True
