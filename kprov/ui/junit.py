"""Results as JUnit XML, which CI systems show beside a pull request.

The shape that Jenkins, GitLab and GitHub's reporters read: testsuite, testcase, failure, skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

# What XML 1.0 cannot hold in any spelling (its section 2.2)
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was tried. `group` is what reports sort by: a host, a command."""

    group: str
    name: str
    outcome: Literal["ok", "failed", "not-run"]
    seconds: float = 0.0
    detail: str = ""


def junit(suite: str, cases: Iterable[Case]) -> str:
    """The document; times in seconds."""
    tried = list(cases)
    root = ElementTree.Element("testsuite", {
        "name": suite,
        "tests": str(len(tried)),
        "failures": str(sum(case.outcome == "failed" for case in tried)),
        "skipped": str(sum(case.outcome == "not-run" for case in tried)),
        "time": f"{sum(case.seconds for case in tried):.3f}",
    })  # fmt: skip
    for case in tried:
        root.append(_case(suite, case))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _case(suite: str, case: Case) -> ElementTree.Element:
    element = ElementTree.Element("testcase", {
        "classname": f"{suite}.{_text(case.group)}", "name": _text(case.name),
        "time": f"{case.seconds:.3f}",
    })  # fmt: skip
    if case.outcome != "ok":
        name = "failure" if case.outcome == "failed" else "skipped"
        first = _text(case.detail).partition("\n")[0]
        ElementTree.SubElement(element, name, {"message": first}).text = _text(case.detail)
    return element


def _text(text: str) -> str:
    return _NOT_XML.sub("?", text)
