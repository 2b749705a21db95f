"""Plain tables that fit a terminal and read well in a log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from kprov.ui.style import Style

GAP = 2
"""Blanks between columns."""
LEAST = 24
"""Letters that the last column needs; with less, rows are written as paragraphs."""


def table(
    header: Sequence[str], rows: Sequence[Sequence[str]], style: Style, width: int | None = None
) -> str:
    """Columns as wide as their widest cell; the last one takes what is left and wraps.

    Where a terminal is too narrow for that, every row becomes a paragraph.
    """
    total = width or shutil.get_terminal_size((100, 24)).columns
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    indent = sum(widths[:-1]) + GAP * (len(header) - 1)
    if indent + min(LEAST, widths[-1]) > total:
        return "\n".join(line for row in rows for line in _paragraph(header, row, style, total))
    lines = [style(_line(header, widths), "bold")]
    for row in rows:
        first, *more = _wrap(row[-1], max(LEAST, total - indent))
        lines.append(_line([*row[:-1], first], widths))
        lines += [f"{' ' * indent}{text}".rstrip() for text in more]
    return "\n".join(lines)


def _paragraph(
    header: Sequence[str], row: Sequence[str], style: Style, total: int
) -> Iterator[str]:
    yield style(row[0], "bold")
    for name, cell in zip(header[1:], row[1:], strict=True):
        first, *more = _wrap(f"{name}: {cell}", max(LEAST, total - 2 * GAP))
        yield f"{' ' * GAP}{first}"
        yield from (f"{' ' * 2 * GAP}{text}" for text in more)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(size) for cell, size in zip(cells[:-1], widths, strict=False)]
    return (" " * GAP).join([*padded, cells[-1]]).rstrip()


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
