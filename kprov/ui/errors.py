"""Errors on one screen: where, what, what to do."""

from __future__ import annotations

from kprov.model.errors import KprovError
from kprov.ui.style import Style


def error_text(error: KprovError, style: Style) -> str:
    """Every problem of an error, the hint indented below it."""
    lines = []
    for problem in error.problems:
        where = style(f"{problem.where}: ", "bold") if problem.where else ""
        lines.append(f"{style('error:', 'red')} {where}{problem.what}")
        lines += [f"    {line}" for line in problem.hint.splitlines()]
    if len(error.problems) > 1:
        lines.append(f"{len(error.problems)} problems")
    return "\n".join(lines)
