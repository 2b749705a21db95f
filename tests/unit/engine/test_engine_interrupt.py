"""Ctrl-C and TERM: a clean end, what was done is said, and the next apply goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from kprov.model.host import Host
from tests.unit.engine.fake_host import EndEarly
from tests.unit.engine.fake_site import FakeSite

LIMIT = 10.0
"""Seconds after which a condition that does not come true ends the test."""


def until(condition: Callable[[], bool]) -> None:
    """Wait in a worker thread for what the main thread does."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it never happened"
        threading.Event().wait(0.005)


def interrupt(number: int = signal.SIGINT) -> None:
    """As the terminal, or the system that runs CI jobs, does it."""
    os.kill(os.getpid(), number)


def cut_at(site: FakeSite, name: str, change: str, number: int = signal.SIGINT) -> None:
    """Interrupt when that host comes to that change; it sees its connection go."""

    def before(what: str) -> None:
        if what == change:
            interrupt(number)
            until(lambda: next(t for t in site.transports if t.host.name == name).closed)

    site.hosts[name].before = before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_middle_of_a_payload(site: FakeSite, number: int) -> None:
    """130; connections are cut; every host's share is named; then it goes on where it was."""
    cut_at(site, "w1", "k_unit containerd.service", number)
    done = site.run("apply", "--yes")
    assert done.code == 130
    assert all(transport.closed for transport in site.transports)
    (share,) = (line for line in done.out.splitlines() if line.startswith("  w1: "))
    assert "changes done, interrupted at unit:containerd.service" in share
    assert "not started: node" in share
    assert "interrupted: " in done.out
    assert "Run the same command again: it goes on where it stopped." in done.out
    assert "failed" not in done.out
    assert "kubelet.service" not in site.hosts["w1"].units
    assert site.hosts["w1"].lease is None
    site.hosts["w1"].before = lambda what: None
    site.apply()
    assert site.run("plan").code == 0


def test_twice(site: FakeSite) -> None:
    """Somebody cannot wait: no traceback, and the advice is the same."""

    def before(what: str) -> None:
        if what == "k_unit containerd.service":
            interrupt()
            until(lambda: site.aborted)
            interrupt()

    site.hosts["w1"].before = before
    done = site.run("apply", "--yes")
    assert done.code == 130
    assert "it goes on where it stopped" in done.out + done.err
    assert "Traceback" not in done.err


def test_as_json(site: FakeSite) -> None:
    """Pipelines can tell as well."""
    cut_at(site, "w1", "k_unit containerd.service")
    done = site.run("apply", "--yes", "-o", "json")
    assert done.code == 130
    assert '"interrupted": true' in done.out


def test_while_connecting(site: FakeSite) -> None:
    """Nothing has been touched, and it says so."""

    def connecting(host: Host) -> None:
        if host.name == "w1":
            interrupt()
            until(lambda: site.aborted)

    site.connecting = connecting
    done = site.run("apply", "--yes")
    assert done.code == 130
    assert "error: interrupted\n    nothing was touched" in done.err
    assert not any(host.done for host in site.hosts.values())


@pytest.mark.parametrize("command", ["plan", "status", "check"])
def test_while_looking(site: FakeSite, command: str) -> None:
    """Read-only commands have nothing to tell but that."""

    def look(what: str) -> None:
        interrupt()
        until(lambda: site.aborted)

    site.hosts["w2"].looking = look
    done = site.run(command)
    assert done.code == 130
    assert "error: interrupted\n    nothing was touched" in done.err


def test_at_the_question(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C is a no."""

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Terminal())
    done = site.run("apply")
    assert done.code == 130
    assert "nothing was touched" in done.err
    assert not any(host.done for host in site.hosts.values())


def test_while_a_file_is_fetched(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download of minutes does not hold up the end."""
    monkeypatch.setenv("KPROV_CACHE", str(site.folder / "cache"))
    site.write("cp1")
    pieces = 0

    def piece(data: bytes) -> bytes:
        nonlocal pieces
        pieces += 1
        if pieces == 1:
            interrupt()
            until(lambda: site.aborted)
        return data

    with site.slow_server(piece) as url:
        text = site.inventory.read_text().replace(f"file://{site.mirror}", url)
        site.inventory.write_text(text)
        done = site.run("apply", "--yes")
    assert done.code == 130
    assert "interrupted" in done.out
    assert not site.hosts["cp1"].done
    assert pieces < 30


def test_a_reset_that_ends_early(site: FakeSite) -> None:
    """The host is named; the others are reset."""

    def before(what: str) -> None:
        raise EndEarly

    site.apply()
    site.hosts["w1"].before = before
    done = site.run("reset", "--yes")
    assert done.code == 1
    assert "error: w1: the reset ended before its time\n    run it again: it goes on" in done.err
    assert not site.hosts["w2"].is_owned


def test_reset(site: FakeSite) -> None:
    """The hosts that are done are named, the others come with the next reset."""
    site.apply()

    def before(what: str) -> None:
        if what == "reset_host":
            until(lambda: not site.hosts["w2"].is_owned)
            interrupt()
            until(lambda: site.aborted)

    site.hosts["w1"].before = before
    done = site.run("reset", "--yes")
    assert done.code == 130
    assert "run it again: it goes on" in done.err
    site.hosts["w1"].before = lambda what: None
    assert site.run("reset", "--yes").code == 0
    assert not any(host.is_owned for host in site.hosts.values())
