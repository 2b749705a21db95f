"""Compiled scripts in a real shell, in a mount namespace of its own: /var/lib, /opt and
/usr/local/sbin (first on the PATH) are folders of the test, everything else is this computer's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from kprov.core.order import changes_of, with_inputs
from kprov.model.change import Change
from kprov.model.facts import Facts
from kprov.model.resource import Resource
from kprov.model.result import ChangeResult
from kprov.sh.archive import BOOT
from kprov.sh.payload import LeaseHeld, LeaseTerms, PayloadEnd, payload_bundle, read_line
from kprov.sh.probe import probe_bundle, read_facts

SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"], "bash": ["bash", "--posix"]}
LEASE = LeaseTerms("run-1", "me", last=True)
_MOUNT = """
mount --bind "$1/lib" /var/lib && mount --bind "$1/opt" /opt &&
mount --bind "$1/sbin" /usr/local/sbin && shift && exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where scripts run."""

    root: Path
    shell: Sequence[str]

    def run(self, payload: bytes, boot: str = BOOT) -> subprocess.CompletedProcess[bytes]:
        """One channel."""
        if os.geteuid() != 0:
            pytest.fail("needs root, for a mount namespace: run `make test` as root or with sudo")
        for name in ("lib", "opt", "sbin"):
            (self.root / name).mkdir(exist_ok=True)
        command = ["unshare", "--mount", "sh", "-c", _MOUNT, "sandbox", str(self.root),
                   *self.shell, "-c", boot]  # fmt: skip
        return subprocess.run(command, input=payload, capture_output=True, check=False, timeout=60)

    def look(self, resources: Sequence[Resource]) -> Facts:
        """A probe."""
        done = self.run(probe_bundle(resources))
        return read_facts("here", done.stdout.decode().splitlines(), resources)

    def plan(self, resources: Sequence[Resource]) -> tuple[Change, ...]:
        """What would be done."""
        return changes_of(with_inputs(resources), self.look(resources))

    def apply(
        self, changes: Sequence[Change], lease: LeaseTerms = LEASE
    ) -> list[ChangeResult | LeaseHeld | PayloadEnd]:
        """A payload's report."""
        done = self.run(payload_bundle(changes, lease))
        lines = (read_line(line, changes) for line in done.stdout.decode().splitlines())
        return [line for line in lines if line is not None]
