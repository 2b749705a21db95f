"""Errors: where, what, what to do."""

from __future__ import annotations

from kprov.core.preflight import Finding
from kprov.model.errors import InputError, Problem, ProblemsError
from kprov.ui.errors import error_text
from kprov.ui.findings import finding_lines
from kprov.ui.style import Style

PLAIN = Style(color=False)


def test_one_problem() -> None:
    """Place, what was found, and the way out below it."""
    error = InputError("no role `x`", where="a.yaml:3", hint="did you mean `y`?\nlooked in z")
    assert error_text(error, PLAIN).splitlines() == [
        "error: a.yaml:3: no role `x`", "    did you mean `y`?", "    looked in z",
    ]  # fmt: skip
    assert error_text(InputError("x"), PLAIN) == "error: x"


def test_several_problems_are_counted() -> None:
    """In the order they were found."""
    error = ProblemsError([Problem("one", "a:1"), Problem("two", "a:2")])
    assert error_text(error, PLAIN).splitlines() == ["error: a:1: one", "error: a:2: two",
                                                     "2 problems"]  # fmt: skip


def test_what_many_hosts_have_in_common_is_said_once() -> None:
    """Fifty hosts without a password still fit a screen."""
    error = ProblemsError([Problem("refused", f"h{n}", "start sshd") for n in range(50)])
    lines = error_text(error, PLAIN).splitlines()
    assert lines[0].startswith("error: h0, h1, h2, ")
    assert lines[1:] == ["    start sshd", "50 problems"]


def test_findings() -> None:
    """A line each, the hint below."""
    findings = (Finding("a", "error", "bad", "mend it"), Finding("b", "warning", "odd"))
    assert list(finding_lines(findings, PLAIN)) == ["error: a: bad", "    mend it",
                                                   "warning: b: odd"]  # fmt: skip
