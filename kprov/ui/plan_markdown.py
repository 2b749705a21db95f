"""A plan as Markdown: for the summary of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from kprov.model.plan import Plan, Step
from kprov.ui.change_words import describe, is_restart
from kprov.ui.plan_text import diff_lines
from kprov.ui.style import Style


def plan_markdown(plan: Plan, *, of: str = "host") -> str:
    """A table of hosts (`of`: or clusters), then each one's changes folded, diffs in fences."""
    if plan.empty:
        return "### kprov plan: no changes\n\nEverything is as the inventory says."
    hosts = list(dict.fromkeys(step.host for step in plan.steps))
    lines = [
        f"### kprov plan: {plan.changes} changes on {len(hosts)} {of}{'s' * (len(hosts) != 1)}", "",
        f"| {of} | changes | restarts | phases |", "|---|---:|---:|---|",
    ]  # fmt: skip
    for host in hosts:
        steps = [step for step in plan.steps if step.host == host]
        changes = [change for step in steps for change in step.changes]
        restarts = sum(map(is_restart, changes))
        phases = ", ".join(dict.fromkeys(phase for step in steps for phase in step.phases))
        lines.append(f"| {host} | {len(changes)} | {restarts} | {phases} |")
    for step in plan.steps:
        lines += _step(step)
    return "\n".join([*lines, "", f"Plan `{plan.digest[:12]}`"])


def _step(step: Step) -> Iterator[str]:
    yield ""
    head = f"<b>{step.host}</b>: {step.phase}, {len(step.changes)} changes"
    yield f"<details><summary>{head}</summary>"
    yield ""
    for change in step.changes:
        yield f"- `{change.action.value}` {_code(change.id)} {describe(change)}".rstrip()
        diff = list(diff_lines(change, Style(color=False)))
        if diff:
            fence = _fence(diff)
            yield ""
            yield from (f"  {line}" for line in (f"{fence}diff", *diff, fence))
            yield ""
    yield ""
    yield "</details>"


def _code(text: str) -> str:
    """A span of code; with more backticks than are in the text (CommonMark, 6.1)."""
    fence = "`" * (1 + max((len(run) for run in _runs(text)), default=0))
    return f"{fence}{text}{fence}"


def _fence(lines: list[str]) -> str:
    longest = max((len(run) for line in lines for run in _runs(line)), default=0)
    return "`" * max(3, longest + 1)


def _runs(text: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in text).split() if run]
