"""One run at a time, with a real second process."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kprov.model.errors import KprovError, LeaseHeldError
from kprov.state.lease import hold, read_holder

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
OTHER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kprov.state.lease import hold
with hold(Path(sys.argv[1]), datetime(2026, 11, 21, 9, 30, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def other_process(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    """LeaseHeldError (exit code 4) with the process, its user, its host and since when."""
    path = tmp_path / "state" / "lock"
    process = other_process(path)
    try:
        with pytest.raises(LeaseHeldError) as caught, hold(path, NOW):
            pytest.fail("two holders")
    finally:
        process.communicate("")
    assert caught.value.exit_code == 4
    assert f"process {process.pid} of " in str(caught.value)
    assert " on " in str(caught.value)
    assert "since 2026-11-21T09:30:00+00:00" in str(caught.value)


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    """The kernel drops the lock with its process: nothing stale, nothing to remove by hand."""
    path = tmp_path / "lock"
    process = other_process(path)
    process.kill()
    process.communicate()
    with hold(path, NOW) as holder:
        assert read_holder(path) == holder
    assert read_holder(path) is None


def test_the_lock_is_free_after_an_error_in_the_block(tmp_path: Path) -> None:
    """A failed run does not lock the next one out, in the same process either."""
    path = tmp_path / "lock"
    with pytest.raises(RuntimeError), hold(path, NOW):
        raise RuntimeError
    with hold(path, NOW), pytest.raises(LeaseHeldError), hold(path, NOW):
        pytest.fail("two holders")


def test_a_lock_that_cannot_be_opened_is_reported(tmp_path: Path) -> None:
    """A folder in the lock file's place: an error that names it."""
    with pytest.raises(KprovError, match="cannot be opened for locking"), hold(tmp_path, NOW):
        pytest.fail("not a file")
