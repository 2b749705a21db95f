"""Preflight findings as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kprov.core.preflight import Finding
from kprov.ui.style import Style

_COLOR = {"error": "red", "warning": "yellow"}


def finding_lines(findings: Sequence[Finding], style: Style) -> Iterator[str]:
    """One finding a line, its hint below."""
    for finding in findings:
        level = style(f"{finding.level}:", _COLOR[finding.level])
        yield f"{level} {style(finding.host, 'bold')}: {finding.what}"
        if finding.hint:
            yield f"    {finding.hint}"
