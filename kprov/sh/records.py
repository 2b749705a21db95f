"""Records: what a probe printed, by kind of line and name."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Records:
    """JSON lines of a probe; the first key of a line is its kind, that key's value its name."""

    lines: Mapping[tuple[str, str], Line]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Records:
        """Parse; lines that are not JSON objects are skipped (a login banner, say)."""
        found: dict[tuple[str, str], Line] = {}
        for text in lines:
            if not text.startswith("{"):
                continue
            try:
                line = json.loads(text)
            except ValueError:
                continue
            kind = next(iter(line), "")
            found[kind, str(line.get(kind))] = line
        return cls(found)

    def get(self, kind: str, name: str) -> Line | None:
        """The line of that kind and name."""
        return self.lines.get((kind, name))

    def of_kind(self, kind: str) -> dict[str, Line]:
        """All lines of a kind by name."""
        return {name: line for (its_kind, name), line in self.lines.items() if its_kind == kind}


def text_member(line: Line, name: str) -> str:
    """A text that may have travelled as base64."""
    encoded = line.get(f"{name}64")
    if encoded is not None:
        return base64.b64decode(encoded).decode(errors="replace")
    return str(line.get(name, ""))
