"""A plan as text: per host what would change, why, with unified diffs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from kprov.model.change import Action, Change
from kprov.model.plan import Plan, Step
from kprov.ui.change_words import describe, is_restart
from kprov.ui.style import Style, harmless

_COLOR = {
    Action.CREATE: "green", Action.UPDATE: "yellow", Action.REMOVE: "red",
    Action.RESTART: "yellow", Action.MAYBE: "dim",
}  # fmt: skip
MOST_DIFF_LINES = 60
"""A diff longer than this is cut; the rest is counted."""


def plan_text(plan: Plan, style: Style, *, diffs: bool = True, of: str = "host") -> str:
    """The whole plan, ending in a line that counts; `of`: what it is about, host or cluster."""
    if plan.empty:
        return f"No changes: every {of} is as the inventory says."
    lines: list[str] = []
    for step in plan.steps:
        lines += _step(step, plan, style, diffs=diffs)
    lines.append(_summary(plan) if of == "host" else _managed_summary(plan))
    return "\n".join(lines)


def _step(step: Step, plan: Plan, style: Style, *, diffs: bool) -> Iterator[str]:
    others = sorted({plan.steps[need].host for need in step.needs} - {step.host})
    after = f"  (after {', '.join(others)})" if others else ""
    yield style(f"{step.host}  {step.phase}", "bold") + style(after, "dim")
    width = max(len(change.id) for change in step.changes)
    for change in step.changes:
        rune = style(change.action.value, _COLOR[change.action])
        yield f"  {rune} {change.id:<{min(width, 56)}}  {describe(change)}".rstrip()
        if diffs:
            yield from (f"      {line}" for line in diff_lines(change, style))
    yield ""


def diff_lines(change: Change, style: Style) -> Iterator[str]:
    """What a file's content will differ in; nothing for secret and binary ones."""
    content = change.resource.content
    if change.before_content is None or content is None or content.secret:
        return
    try:
        before = harmless(change.before_content.decode()).splitlines()
        after = harmless(content.data.decode()).splitlines()
    except UnicodeDecodeError:
        return
    lines = list(difflib.unified_diff(before, after, "on the host", "wanted", lineterm="", n=2))
    for line in lines[:MOST_DIFF_LINES]:
        color = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
        yield style(line, color) if color else line
    if len(lines) > MOST_DIFF_LINES:
        yield f"... {len(lines) - MOST_DIFF_LINES} more lines"


def _summary(plan: Plan) -> str:
    hosts = len({step.host for step in plan.steps})
    restarts = sum(is_restart(change) for step in plan.steps for change in step.changes)
    return (
        f"{plan.changes} changes on {hosts} host{'s' if hosts != 1 else ''}, "
        f"{restarts} restarts, {len(plan.steps)} payloads. Plan {plan.digest[:12]}"
    )


def _managed_summary(plan: Plan) -> str:
    clusters = len({step.host for step in plan.steps})
    return (
        f"{plan.changes} changes on {clusters} cluster{'s' if clusters != 1 else ''}. "
        f"Plan {plan.digest[:12]}"
    )
