"""Runs other programs, with their output kept for the person who has to repair a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 25


class TestbedError(Exception):
    """The test bed cannot be built; the message says what was met and what to do."""

    __test__ = False  # its name starts like a test class


def say(line: str) -> None:
    """Report progress on stderr: stdout belongs to the result."""
    print(f"testbed: {line}", file=sys.stderr, flush=True)


def output(command: Sequence[str]) -> str:
    """Return what a command prints on stdout.

    Raises TestbedError with the command and its stderr when it is missing or exits non-zero.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise TestbedError(f"{command[0]}: no such program on this machine") from error
    if done.returncode:
        raise TestbedError(
            f"exit {done.returncode} from: {' '.join(command)}\n{_tail(done.stderr + done.stdout)}"
        )
    return done.stdout


def logged(
    command: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a long command with its output appended to `log`; `environment` adds to this process's.

    An interrupt ends the command and everything it started. Raises TestbedError with the end of
    the log when the command exits non-zero.
    """
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"+ {' '.join(command)}\n")
        stream.flush()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait()
        except BaseException:  # interrupted: make's own children must not go on either
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if status:
        raise TestbedError(
            f"exit {status} from: {' '.join(command)}\n"
            f"{_tail(log.read_text(encoding='utf-8', errors='replace'))}\nwhole log: {log}"
        )


def _tail(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-TAIL_LINES:])
