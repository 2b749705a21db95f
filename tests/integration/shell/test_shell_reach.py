"""The test of what hosts reach, in every shell, on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import kprov.sh.reach
from kprov.model.reach import Reached, ReachTask
from kprov.sh.archive import BOOT
from kprov.sh.reach import reach_bundle, read_reached
from tests.integration.shell.sandbox import SHELLS, Sandbox


@pytest.fixture(params=SHELLS)
def sandbox(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Sandbox:
    """Every test runs under dash, busybox and bash; nobody is waited for longer than a second."""
    monkeypatch.setattr(kprov.sh.reach, "SECONDS", 1)
    return Sandbox(tmp_path, SHELLS[request.param])


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody who listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    port: int = server.getsockname()[1]
    return port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return port_of(server)


def reached(sandbox: Sandbox, task: ReachTask) -> Reached:
    done = sandbox.run(reach_bundle(task))
    lines = ((1.0, line) for line in done.stdout.decode().splitlines())
    return read_reached("here", lines, task, 0.0)


def test_what_answers_and_what_does_not(sandbox: Sandbox, listener: socket.socket) -> None:
    """An open port, a free one, an address that nobody routes to."""
    task = ReachTask(
        connect={
            0: ("127.0.0.1", port_of(listener)), 1: ("127.0.0.1", free_port()),
            7: ("255.255.255.255", 1),
        }
    )  # fmt: skip
    answers = reached(sandbox, task).answers
    assert {number: its.word for number, its in answers.items()} == {
        0: "open", 1: "refused", 7: "unreachable"
    }  # fmt: skip


def test_without_bash(sandbox: Sandbox, listener: socket.socket) -> None:
    """curl will do; `bash` is hidden behind a command that is not there."""
    task = ReachTask(connect={0: ("127.0.0.1", port_of(listener)), 1: ("127.0.0.1", free_port())})
    script = reach_bundle(task)
    hidden = BOOT.replace(". $d/run", "sed -i s/command.-v.bash/false/ $d/run; . $d/run")
    assert hidden != BOOT
    done = sandbox.run(script, hidden)
    lines = ((1.0, line) for line in done.stdout.decode().splitlines())
    answers = read_reached("here", lines, task, 0.0).answers
    assert {number: its.word for number, its in answers.items()} == {0: "open", 1: "refused"}


def test_listening_ends_when_all_have_come(sandbox: Sandbox) -> None:
    """Two ports, a connection to each: whoever waits for no more ends at once."""
    one, two = free_port(), free_port()
    task = ReachTask(listen=(one, two), expected=2, connect={0: ("127.0.0.1", one),
                                                            1: ("127.0.0.1", two)})  # fmt: skip
    found = reached(sandbox, task)
    assert {its.word for its in found.answers.values()} == {"open"}
    assert set(found.listening) == {one, two}
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", one))


def test_listening_ends_when_nobody_comes(sandbox: Sandbox) -> None:
    """Nothing of it stays behind."""
    port = free_port()
    start = time.monotonic()
    assert reached(sandbox, ReachTask(listen=(port,), expected=3)).listening.keys() == {port}
    assert time.monotonic() - start < 30
    left = subprocess.run(["pgrep", "-f", f"listen={port}"], check=False, capture_output=True)
    assert left.stdout == b""


def test_a_port_that_is_taken_is_not_listened_on(sandbox: Sandbox, listener: socket.socket) -> None:
    """Somebody was faster: no word of listening."""
    assert reached(sandbox, ReachTask(listen=(port_of(listener),), expected=1)).listening == {}


def test_synced_writes(sandbox: Sandbox, tmp_path: Path) -> None:
    """Times of a hundred, in the nearest folder that is there; nothing is left in it. Debian's
    busybox does not tell how long its dd took."""
    found = reached(sandbox, ReachTask(sync=True))
    assert found.sync_folder == "/var/lib"
    assert len(found.sync_seconds) <= 100
    assert bool(found.sync_seconds) == (sandbox.shell[0] != "busybox")
    assert all(0 < seconds < 10 for seconds in found.sync_seconds)
    assert list((tmp_path / "lib").iterdir()) == []


def test_downloads(sandbox: Sandbox, listener: socket.socket, tmp_path: Path) -> None:
    """What is there, and what is not: the tool's own words."""
    (tmp_path / "file").write_text("x")
    assert reached(sandbox, ReachTask(pull=(tmp_path / "file").as_uri())).pull_error is None
    gone = reached(sandbox, ReachTask(pull=f"http://127.0.0.1:{free_port()}/x"))
    assert gone.pull_error
    assert "connect" in gone.pull_error.lower()
