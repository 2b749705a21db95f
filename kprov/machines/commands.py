"""Running the programs of this computer that do the work."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence

from kprov.model.errors import LocalMachineError

# `ip` and `debootstrap` live in sbin, which is not on the PATH of every root shell.
SEARCH_PATH = os.pathsep.join(
    (os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin")
)

# A prefix for a program: it dies with us, and what it started and mounted dies with it, also
# after kill -9.
ALONE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"),
)


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of programs we start: messages in English, sbin on the PATH."""
    return {**os.environ, "PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", **(extra or {})}


def run(*argv: str, stdin: str = "") -> str:
    """What a program printed; LocalMachineError with its own words when it fails."""
    done = _call(argv, stdin)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise LocalMachineError(f"this command failed: {said}", where=shlex.join(argv))
    return done.stdout


def succeeds(*argv: str) -> bool:
    """Whether a program exits with 0."""
    return _call(argv, "").returncode == 0


def _call(argv: Sequence[str], stdin: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, input=stdin, text=True, capture_output=True, check=False, env=environment()
    )
