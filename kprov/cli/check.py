"""`kprov check`: preflight on all hosts, all findings at once. Changes nothing."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from kprov.cli.cluster import Opened, findings_of, opened
from kprov.cli.common import host_options, output_option, print_json, stdout_style
from kprov.core.preflight import Finding
from kprov.engine.session import Session
from kprov.model.errors import ArtifactError
from kprov.ui.findings import finding_lines
from kprov.ui.junit import Case, junit
from kprov.ui.style import out


def options(parser: argparse.ArgumentParser) -> None:
    """Command line options."""
    host_options(parser)
    output_option(parser, "junit")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 when there are errors."""
    with opened(args) as it:
        look = it.look()
        session = it.session.seen(look)
        reached = _reach(it, session)
    unreachable = [
        Finding(host, "error", problem.what, problem.hint)
        for host, error in look.errors.items()
        for problem in error.problems
    ]
    findings = sorted((*unreachable, *findings_of(session), *reached), key=_errors_first)
    if args.output == "json":
        print_json({
            "hosts": [host.name for host in session.hosts],
            "findings": [
                {"host": f.host, "level": f.level, "what": f.what, "hint": f.hint} for f in findings
            ],
        })  # fmt: skip
    elif args.output == "junit":
        out(junit("kprov.check", _cases([host.name for host in session.hosts], findings)))
    else:
        for line in finding_lines(findings, stdout_style()):
            out(line)
        errors = sum(finding.level == "error" for finding in findings)
        warnings = len(findings) - errors
        out(f"{len(session.hosts)} hosts checked: {errors} errors, {warnings} warnings")
    return 1 if any(finding.level == "error" for finding in findings) else 0


def _cases(hosts: list[str], findings: Sequence[Finding]) -> Iterator[Case]:
    """Errors fail, warnings are told as left out; a host without any is one that is well."""
    words = {"error": "failed", "warning": "not-run"}
    for found in findings:
        detail = f"{found.what}\n{found.hint}" if found.hint else found.what
        yield Case(found.host, found.what, words[found.level], detail=detail)  # type: ignore[arg-type]
    for host in hosts:
        if host not in {found.host for found in findings}:
            yield Case(host, "preflight", "ok")


def _reach(it: Opened, session: Session) -> tuple[Finding, ...]:
    """What takes a second round trip; without artefacts nothing can be said of downloads."""
    try:
        return session.reach(it.connections, fresh=False)
    except ArtifactError as error:
        its = error.problem
        return (Finding("controller", "error", its.what, its.hint),)


def _errors_first(finding: Finding) -> bool:
    return finding.level != "error"
