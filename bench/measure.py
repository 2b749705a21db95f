"""Running commands in turn, and ratios between them: the machine's speed may drift meanwhile."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence


def seconds(command: Sequence[str], *, stdin: bytes | None = None) -> float:
    """Wall seconds of one run; the command must succeed."""
    start = time.monotonic()
    done = subprocess.run(command, input=stdin, capture_output=True, check=False, env=_installed())
    took = time.monotonic() - start
    if done.returncode:
        sys.stderr.write(done.stdout.decode() + done.stderr.decode())
        raise SystemExit(f"{command[0]} ended with {done.returncode}")
    return took


def _installed() -> dict[str, str]:
    """The environment in which Python keeps what it compiled, as an installed kprov has it."""
    return {key: its for key, its in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def pairs(
    ours: Callable[[], float], theirs: Callable[[], float], runs: int
) -> tuple[list[float], list[float]]:
    """Both in turn, after one warm-up each."""
    ours()
    theirs()
    mine, others = [], []
    for _ in range(runs):
        others.append(theirs())
        mine.append(ours())
    return mine, others


def report(name: str, ours: Sequence[float], theirs: Sequence[float], target: float) -> str:
    """One line: medians and the median of the ratios."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return (
        f"{name}: {statistics.median(ours):.2f} s against {statistics.median(theirs):.2f} s, "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
        f"target {target:g}"
    )


def peak_megabytes(command: Sequence[str]) -> float:
    """The largest resident size of a child so far, this command included."""
    subprocess.run(command, capture_output=True, check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
