"""Running kprov as a person would: a command line, an exit code, what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.testbed.mirror import default_cache

REPOSITORY = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 420.0
"""No command of these tests takes as long; one that does hangs."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def text(self) -> str:
        """All that it said."""
        return f"{self.out}\n{self.err}"

    @property
    def data(self) -> dict[str, Any]:
        """What `-o json` printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def exits(self, code: int) -> Done:
        """Itself; AssertionError with all that was said when the exit code is another one."""
        assert self.code == code, f"expected exit code {code}, got {self}"
        return self

    def says(self, *words: str) -> Done:
        """Itself; AssertionError when one of the words was not said. Line breaks do not count."""
        text = " ".join(self.text.split())
        missing = [word for word in words if word not in text]
        assert not missing, f"expected to hear {missing}, got {self}"
        return self

    def __str__(self) -> str:
        said = f"--- standard output\n{_end(self.out)}\n--- standard error\n{_end(self.err)}"
        return f"{self.code} after {self.seconds:.1f} s: kprov {' '.join(self.words)}\n{said}"


def _end(text: str, characters: int = 6000) -> str:
    return text if len(text) <= characters else f"...{text[-characters:]}"


@dataclass(frozen=True, slots=True)
class Kprov:
    """The command line of one person: a home folder of their own, a working directory."""

    home: Path
    directory: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    inside: tuple[str, ...] = ()
    """The beginning of its command line: what runs kprov in another namespace, say."""

    def environment(self) -> dict[str, str]:
        """Nothing of whoever runs the tests, except which cache is used."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "KPROV_CACHE": str(default_cache()),
            "NO_COLOR": "1",
            "PYTHONPATH": str(REPOSITORY),
            **self.extra,
        }

    def start(self, *words: str | Path) -> Running:
        """Start a command."""
        return Running(tuple(map(str, words)), self)

    def __call__(self, *words: str | Path) -> Done:
        """Run a command to its end."""
        return self.start(*words).end()


class Running:
    """A command that runs; its output goes to files, so that nothing waits for a reader."""

    def __init__(self, words: Sequence[str], kprov: Kprov) -> None:
        self.words = tuple(words)
        self._started = time.monotonic()
        number = len(list(kprov.directory.glob("said-*.out")))
        self._out = kprov.directory / f"said-{number:03}.out"
        self._err = kprov.directory / f"said-{number:03}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                (*kprov.inside, sys.executable, "-m", "kprov", *self.words),
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                cwd=kprov.directory, env=kprov.environment(),
            )  # fmt: skip

    @property
    def err(self) -> str:
        """What it said so far on standard error."""
        return self._err.read_text(errors="replace")

    def end(self) -> Done:
        """Wait for its end. AssertionError when it does not come."""
        try:
            code = self.process.wait(LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"does not end: {self.words}, said {self.err}") from None
        finally:
            self.kill()
        took = time.monotonic() - self._started
        return Done(self.words, code, self._out.read_text(errors="replace"), self.err, took)

    def until(self, reached: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Wait until `reached`; AssertionError when the command ends before, or time is up."""
        limit = time.monotonic() + seconds
        while not reached():
            over = self.process.poll() is not None
            assert not over, f"ended before {what}: {self.end()}"
            assert time.monotonic() < limit, f"no {what} within {seconds} s: {self.err}"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, as `kill -9`; nothing happens when it has ended."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
