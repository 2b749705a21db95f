"""What the security benchmark looks at, by real shells: command lines, modes, providers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kprov.model.benchmark import Seen
from kprov.model.facts import Facts
from kprov.sh.probe import probe_bundle, read_facts
from tests.integration.shell.sandbox import SHELLS, Sandbox

# What stands for systemd: two units that run, one that does not
SYSTEMCTL = """#!/bin/sh
printf 'MainPID=%s\\nId=kubelet.service\\n\\nMainPID=%s\\nId=kube-apiserver.service\\n' {0} {0}
printf '\\nId=etcd.service\\nMainPID=0\\n'
"""
ENCRYPTION = """\
resources:
- resources:
  - secrets
  providers:
  - secretbox:
      keys:
      - name: kprov-1
        secret: c2VjcmV0IGtleQ==
  - identity: {}
"""


@pytest.fixture(params=SHELLS)
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """A sandbox for each shell."""
    return Sandbox(tmp_path, SHELLS[request.param])


@pytest.fixture
def program(sandbox: Sandbox) -> Iterator[subprocess.Popen[bytes]]:
    """A process with flags of all sorts, and the files that they name."""
    (sandbox.root / "kubelet.yaml").write_text("readOnlyPort: 0\n")
    (sandbox.root / "encryption.yaml").write_text(ENCRYPTION)
    flags = (
        f"--config={sandbox.root}/kubelet.yaml",
        f"--encryption-provider-config={sandbox.root}/encryption.yaml",
        "--audit-policy-file=/nowhere", '--text=a "b" $c', "--last",
    )  # fmt: skip
    waiting = ("sh", "-c", "read -r line", "program", *flags)
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as running:
        (sandbox.root / "sbin").mkdir()
        systemctl = sandbox.root / "sbin" / "systemctl"
        systemctl.write_text(SYSTEMCTL.format(running.pid))
        systemctl.chmod(0o755)
        yield running
        running.communicate(b"\n")


def looked(sandbox: Sandbox) -> Facts:
    """A probe that looks for the benchmark as well."""
    done = sandbox.run(probe_bundle([], security=True))
    return read_facts("here", done.stdout.decode().splitlines(), [])


def test_command_lines_and_the_files_they_name(
    sandbox: Sandbox, program: subprocess.Popen[bytes]
) -> None:
    """Arguments word by word; a configuration travels, an encryption key never does."""
    facts = looked(sandbox)
    assert isinstance(facts.seen, Seen)
    assert set(facts.seen.programs) == {"kubelet.service", "kube-apiserver.service"}
    assert facts.seen.programs["kubelet.service"][-2:] == ('--text=a "b" $c', "--last")
    assert facts.contents[f"{sandbox.root}/kubelet.yaml"] == b"readOnlyPort: 0\n"
    assert facts.seen.providers == ("secretbox", "identity")
    assert b"c2VjcmV0IGtleQ==" not in sandbox.run(probe_bundle([], security=True)).stdout


def test_nobody_who_did_not_ask(sandbox: Sandbox) -> None:
    """An ordinary probe knows nothing of it."""
    done = sandbox.run(probe_bundle([]))
    assert read_facts("here", done.stdout.decode().splitlines(), []).seen is None
