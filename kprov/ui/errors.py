"""Errors on one screen: where, what, what to do."""

from __future__ import annotations

from kprov.model.errors import KprovError
from kprov.ui.style import Style, harmless


def error_text(error: KprovError, style: Style) -> str:
    """Every problem of an error, the hint indented below it; what several places share, once."""
    alike: dict[tuple[str, str], list[str]] = {}
    for problem in error.problems:
        alike.setdefault((problem.what, problem.hint), []).append(problem.where)
    lines = []
    for (what, hint), places in alike.items():
        where = ", ".join(dict.fromkeys(place for place in places if place))
        head = style(f"{harmless(where)}: ", "bold") if where else ""
        lines.append(f"{style('error:', 'red')} {head}{harmless(what)}")
        lines += [f"    {line}" for line in harmless(hint).splitlines()]
    if len(error.problems) > 1:
        lines.append(f"{len(error.problems)} problems")
    return "\n".join(lines)
