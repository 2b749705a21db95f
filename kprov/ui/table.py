"""Plain tables that fit a terminal and read well in a log."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from kprov.ui.style import Style


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], style: Style, width: int | None = None
) -> str:
    """Columns as wide as their widest cell; the last one takes what is left and wraps."""
    total = width or shutil.get_terminal_size((100, 24)).columns
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    room = max(24, total - sum(widths[:-1]) - 2 * (len(header) - 1))
    lines = [style(_line(header, widths), "bold")]
    for row in rows:
        first, *more = _wrap(row[-1], room)
        lines.append(_line([*row[:-1], first], widths))
        indent = " " * (sum(widths[:-1]) + 2 * (len(header) - 1))
        lines += [f"{indent}{text}".rstrip() for text in more]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(size) for cell, size in zip(cells[:-1], widths, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()


def _wrap(text: str, room: int) -> list[str]:
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        line = ""
        for word in part.split(" "):
            if line and len(line) + 1 + len(word) > room:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines
