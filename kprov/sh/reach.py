"""The second look: what hosts reach of each other; one script a host, and how to read its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kprov.model.errors import PayloadError
from kprov.model.reach import Answer, Reached, ReachTask
from kprov.sh.archive import bundle
from kprov.sh.library import REACH, library
from kprov.sh.quote import call
from kprov.sh.records import Line, Records, text_member

SECONDS = 5
"""How long a host that is there waits for one that comes later."""
AT_ONCE = 50
"""Connections that a host tries at the same time."""
ETCD_DATA = "/var/lib/etcd"
LONGEST_ERROR = 200


def reach_script(task: ReachTask) -> str:
    """Shell text that does one host's part and prints what came of it as JSON lines."""
    lines = [library(REACH), "exec 3>&1 >/dev/null 2>&1", call("reach_begin", str(SECONDS))]
    if task.listen:
        ports = map(str, task.listen)
        lines.append(call("reach_listen", str(task.expected), *ports))
    for place, (number, (address, port)) in enumerate(task.connect.items(), start=1):
        lines.append(call("reach_connect", str(number), address, str(port)))
        if place % AT_ONCE == 0:
            lines.append("reach_wait")
    if task.pull:
        lines.append(call("reach_pull", task.pull))
    lines.append("reach_wait")
    if task.sync:
        lines.append(call("reach_sync", ETCD_DATA))
    lines += ["reach_finish", 'printf \'{"end":"reach"}\\n\' >&3', ""]
    return "\n".join(lines)


def reach_bundle(task: ReachTask) -> bytes:
    """The script ready to be streamed to a host."""
    return bundle({"run": reach_script(task).encode()})


def read_reached(
    host: str, lines: Iterable[tuple[float, str]], task: ReachTask, began: float
) -> Reached:
    """What a host's lines say; each comes with the time of its arrival, as `began` is one.

    PayloadError when the script did not come to its end.
    """
    found = [(time, kind, line) for time, text in lines for kind, line in _records(text)]
    if not any(kind == "end" for _, kind, _ in found):
        hint = "the connection was cut: try again"
        raise PayloadError("the test of what it reaches ended early", where=host, hint=hint)
    answers, listening = {}, {}
    folder, seconds, error = "", "", None
    for time, kind, line in found:
        match kind:
            case "reach":
                answers[_number(line, kind)] = Answer(str(line.get("is")), began, time)
            case "listens":
                listening[_number(line, kind)] = time
            case "sync":
                folder, seconds = str(line[kind]), text_member(line, "seconds")
            case "pull" if line[kind] != "yes":
                error = " ".join(text_member(line, "says").split())[:LONGEST_ERROR]
    return Reached(
        answers, listening, found[-1][0], folder, tuple(_seconds(seconds)), task.pull, error
    )


def _records(text: str) -> Iterator[tuple[str, Line]]:
    for (kind, _), line in Records.of([text]).lines.items():
        yield kind, line


def _number(line: Line, kind: str) -> int:
    text = str(line[kind])
    return int(text) if text.isdecimal() else -1


def _seconds(text: str) -> Iterator[float]:
    """What dd printed; words that are no time are skipped."""
    for word in text.split():
        try:
            seconds = float(word.replace(",", "."))
        except ValueError:
            continue
        if 0 <= seconds < 3600:
            yield seconds
