"""Probes and payloads in real shells: what is written is what was wanted, and stays so."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from kprov.model.change import Action, Change
from kprov.model.resource import Content, Resource
from kprov.model.result import ChangeResult, Outcome
from kprov.sh.archive import DELIVER, TarEntry, stitched
from kprov.sh.payload import LeaseHeld, LeaseTerms, PayloadEnd, payload_bundle
from kprov.sh.probe import probe_bundle
from tests.integration.shell.sandbox import LEASE, SHELLS, Sandbox

OWNED = {"owner": "root", "group": "root"}


@pytest.fixture(params=SHELLS)
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """Every test runs under dash, busybox and bash."""
    return Sandbox(tmp_path, SHELLS[request.param])


def file(path: Path, text: str, mode: str = "0644", *, secret: bool = False) -> Resource:
    content = Content(text.encode(), secret=secret)
    expected = {"type": "file", "mode": mode, **OWNED, "sha256": content.sha256}
    return Resource("file", str(path), expected, {"secret": secret}, content)


def outcomes(report: list) -> list[Outcome]:  # type: ignore[type-arg]
    return [line.outcome for line in report if isinstance(line, ChangeResult)]


def test_files_directories_and_links(sandbox: Sandbox, tmp_path: Path) -> None:
    """Written once, then nothing is left to do; odd names and contents included."""
    odd = tmp_path / "it's $HOME `x` ü"
    wanted = [
        Resource("directory", str(odd), {"type": "directory", "mode": "0750", **OWNED}),
        file(odd / "a b.conf", "x='$y'\n\\n \"quoted\" ü\n", "0600"),
        file(tmp_path / "deep" / "er" / "empty", ""),
        Resource("link", str(tmp_path / "link"), {"target": "a b.conf"}),
    ]
    report = sandbox.apply(sandbox.plan(wanted))
    assert outcomes(report) == [Outcome.OK] * 4
    assert isinstance(report[-1], PayloadEnd)
    assert (odd / "a b.conf").read_bytes() == wanted[1].content.data  # type: ignore[union-attr]
    assert odd.stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "link").readlink() == Path("a b.conf")
    assert sandbox.plan(wanted) == ()


def test_drift_is_seen_with_its_content_and_repaired(sandbox: Sandbox, tmp_path: Path) -> None:
    """A hand edit shows as a diff; a secret one only as a digest."""
    plain, secret = file(tmp_path / "plain", "1\n"), file(tmp_path / "key", "1\n", secret=True)
    sandbox.apply(sandbox.plan([plain, secret]))
    (tmp_path / "plain").write_text("mine\n")
    (tmp_path / "key").write_text("mine\n")
    one, two = sandbox.plan([plain, secret])
    assert (one.keys, one.before_content) == (("sha256",), b"mine\n")
    assert (two.keys, two.before_content) == (("sha256",), None)
    sandbox.apply([one, two])
    assert sandbox.plan([plain, secret]) == ()


def test_a_file_that_its_program_refuses_is_not_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """The old one stays, the program's words are in the error, nothing is left beside it."""

    def checked(text: str) -> Resource:
        its = file(tmp_path / "conf", text)
        ask = 'grep -q good "$1" || { echo "no good: $(cat "$1")"; exit 1; }'
        return replace(its, params={**its.params, "validate": ask})

    sandbox.apply(sandbox.plan([checked("good 1\n")]))
    bad, *_ = sandbox.apply(sandbox.plan([checked("bad\n")]))
    assert isinstance(bad, ChangeResult)
    assert bad.outcome is Outcome.FAILED
    assert "no good: bad" in bad.message
    assert [path.name for path in tmp_path.iterdir() if "conf" in path.name] == ["conf"]
    assert (tmp_path / "conf").read_text() == "good 1\n"


def test_a_stale_plan_writes_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """The file has changed between plan and apply: stop, and say so."""
    changes = sandbox.plan([file(tmp_path / "a", "1\n"), file(tmp_path / "b", "1\n")])
    (tmp_path / "a").write_text("somebody else\n")
    report = sandbox.apply(changes)
    assert outcomes(report) == [Outcome.STALE]
    assert (tmp_path / "a").read_text() == "somebody else\n"
    assert not (tmp_path / "b").exists()


def test_a_cut_payload_runs_nothing(sandbox: Sandbox, tmp_path: Path) -> None:
    """Half a stream is no script."""
    changes = sandbox.plan([file(tmp_path / "a", os.urandom(4000).hex())])
    payload = payload_bundle(changes, LEASE)
    done = sandbox.run(payload[: len(payload) // 2])
    assert done.returncode == 72
    assert not (tmp_path / "a").exists()
    assert not list(Path("/run").glob("kprov.*"))


def test_the_first_failure_ends_the_payload(sandbox: Sandbox, tmp_path: Path) -> None:
    """With the command's own words, and the lease is free again."""
    failing = Resource("command", "c", {"met": True}, {"run": "echo because >&2; false",
                                                       "unless": "false"})  # fmt: skip
    after = file(tmp_path / "after", "1")
    report = sandbox.apply(sandbox.plan([failing, after]))
    assert outcomes(report) == [Outcome.FAILED]
    assert isinstance(report[0], ChangeResult)
    assert "because" in report[0].message
    assert not (tmp_path / "after").exists()
    assert not (tmp_path / "lib" / "kprov" / "lease").exists()


def test_a_wait_ends_when_its_condition_holds(sandbox: Sandbox, tmp_path: Path) -> None:
    """And explains itself when it does not in time."""
    good = Resource("wait", "there", {"met": True},
                    {"run": f"test -e {tmp_path}/x", "timeout": 20, "unit": ""})  # fmt: skip
    touch = Resource("command", "touch", {"met": True},
                     {"run": f"touch {tmp_path}/x", "unless": f"test -e {tmp_path}/x"})  # fmt: skip
    assert outcomes(sandbox.apply(sandbox.plan([touch, good]))) == [Outcome.OK, Outcome.OK]
    refused = {"run": "echo connection refused; false", "timeout": 0, "unit": ""}
    never = Resource("wait", "never", {"met": True}, refused)
    (report,) = sandbox.apply(sandbox.plan([never]))
    assert isinstance(report, ChangeResult)
    assert "not there after 0 s: never" in report.message
    assert "connection refused" in report.message
    assert "likely cause" in report.message


def test_a_lease_keeps_others_out(sandbox: Sandbox, tmp_path: Path) -> None:
    """Held by another owner: nothing is done. Its own successor and a thief may go on."""
    wanted = [file(tmp_path / "a", "1")]
    sandbox.apply([], LeaseTerms("run-1", "alice"))  # not the last payload: the lease stays
    changes = sandbox.plan(wanted)
    (held,) = sandbox.apply(changes, LeaseTerms("run-2", "bob"))
    assert isinstance(held, LeaseHeld)
    assert held.owner == "alice"
    assert not (tmp_path / "a").exists()
    facts = sandbox.look([])
    assert facts.lease is not None
    assert facts.lease.owner == "alice"
    assert isinstance(sandbox.apply([], LeaseTerms("run-3", "alice"))[-1], PayloadEnd)
    stolen = sandbox.apply(changes, LeaseTerms("run-4", "bob", steal=True, last=True))
    assert isinstance(stolen[-1], PayloadEnd)
    assert sandbox.look([]).lease is None


def test_pushed_binaries_are_verified_and_installed_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """A damaged one is refused; a right one is known by its stamp afterwards."""
    data = b"#!/bin/sh\necho hello\n" + os.urandom(100_000)
    digest = hashlib.sha256(data).hexdigest()
    compressed = tmp_path / "x.gz"
    compressed.write_bytes(gzip.compress(data))
    resource = Resource(
        "artifact", str(tmp_path / "bin" / "tool"),
        {"source": digest, "link": "/opt/kprov/tool/v1/tool"},
        {"directory": "/opt/kprov/tool/v1", "binary": "tool", "how": "push", "from": "",
         "member": ""},
    )  # fmt: skip
    changes = sandbox.plan([resource])
    entry = TarEntry(digest, len(data), compressed, compressed=True)
    sandbox.run(b"".join(stitched([entry])), DELIVER)
    arrived = tmp_path / "opt" / "kprov" / ".incoming" / digest
    assert f"{digest}={len(data)}" in sandbox.look([]).get("incoming")
    arrived.write_bytes(data[:-1])
    (report,) = sandbox.apply(changes)
    assert isinstance(report, ChangeResult)
    assert "damaged" in report.message
    sandbox.run(b"".join(stitched([entry])), DELIVER)
    assert outcomes(sandbox.apply(changes)) == [Outcome.OK]
    assert (tmp_path / "opt" / "kprov" / "tool" / "v1" / "tool").read_bytes() == data
    assert not arrived.exists()
    assert sandbox.plan([resource]) == ()
    (tmp_path / "opt" / "kprov" / "tool" / "v1" / "tool").write_bytes(b"altered")
    (change,) = sandbox.plan([resource])
    assert change.keys == ("source",)


def test_originals_are_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    """What was there before kprov came can come back."""
    (tmp_path / "conf").write_text("distribution's own\n")
    sandbox.apply(sandbox.plan([file(tmp_path / "conf", "ours\n")]))
    kept = tmp_path / "lib" / "kprov" / "originals" / str(tmp_path / "conf").lstrip("/")
    assert kept.read_text() == "distribution's own\n"


def test_a_guard_is_tried_again_on_the_host(sandbox: Sandbox, tmp_path: Path) -> None:
    """`?` in the plan: when it holds by then, nothing is run."""
    guard = Resource("command", "c", {"met": True},
                     {"run": f"touch {tmp_path}/ran", "unless": "true"})  # fmt: skip
    report = sandbox.apply([Change(guard, Action.MAYBE)])
    assert outcomes(report) == [Outcome.UNCHANGED]
    assert not (tmp_path / "ran").exists()


def test_probes_and_payloads_are_the_same_bytes_each_time() -> None:
    """So that what travels can be compared, cached and read."""
    wanted = [file(Path("/etc/x"), "1")]
    changes = [Change(wanted[0], Action.CREATE)]
    assert probe_bundle(wanted) == probe_bundle(wanted)
    assert payload_bundle(changes, LEASE) == payload_bundle(changes, LEASE)
