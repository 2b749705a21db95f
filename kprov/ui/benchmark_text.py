"""Verdicts of the security benchmark as lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from kprov.model.benchmark import Status, Verdict
from kprov.ui.style import Style, harmless

_COLOR: Mapping[Status, str] = {"pass": "green", "fail": "red", "n/a": "dim", "manual": "yellow"}


def benchmark_lines(
    hosts: Mapping[str, Sequence[Verdict]], style: Style, *, verbose: bool
) -> Iterator[str]:
    """What fails and what is for people, host by host; with `verbose` everything."""
    for host, found in hosts.items():
        counts = Counter(verdict.status for verdict in found)
        numbers = ", ".join(f"{counts[status]} {status}" for status in _COLOR if counts[status])
        yield f"{style(host, 'bold')}: CIS Kubernetes Benchmark, sections 1 to 4: {numbers}"
        for verdict in found:
            if verbose or verdict.status in ("fail", "manual"):
                status = style(f"{verdict.status:6}", _COLOR[verdict.status])
                scored = "" if verdict.scored else " (not scored)"
                yield f"  {status} {verdict.id:6} {verdict.title}{scored}"
                yield f"                {harmless(verdict.evidence)}"
