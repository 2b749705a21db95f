"""Streams over real sshd daemons: payloads, lines, errors, broken connections."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kprov.model.errors import TransportError
from kprov.model.host import Connection, Host
from kprov.transport.base import AbortedError, ConnectionLostError, RemoteExitError
from kprov.transport.retry import Retry
from kprov.transport.ssh import SshConnector
from tests.integration.ssh.sshd import (
    Site,
    Sshd,
    free_port,
    make_key,
    needs_root,
    needs_sshd,
    run,
    wait_for,
)

pytestmark = [needs_sshd, needs_root]


class TestStreams:
    def test_a_script_gets_the_payload_and_its_lines_come_back(
        self, site: Site, sshd: Sshd, key: Path
    ) -> None:
        """Payload to stdin, stdout as lines, as root, one channel each, one login for all."""
        transport = site.connect(sshd, key)
        assert run(transport, "id -u; cat", [b"one\n", b"two\nthr", b"ee"]) == [
            "0",
            "one",
            "two",
            "three",
        ]
        assert run(transport, "echo again") == ["again"]
        assert transport.channels == 2
        assert sshd.logins() == 1

    def test_twenty_megabytes_arrive_as_they_are(self, site: Site, sshd: Sshd, key: Path) -> None:
        """A big payload goes through whole, and so does its echo at the same time."""
        block = os.urandom(1 << 20)
        transport = site.connect(sshd, key)
        digest = hashlib.sha256(block * 20).hexdigest()
        assert run(transport, "sha256sum", [block] * 20) == [f"{digest}  -"]
        text = block.hex().encode() + b"\n"
        assert run(transport, "cat", [text] * 10) == [block.hex()] * 10

    def test_lines_come_while_the_script_runs(self, site: Site, sshd: Sshd, key: Path) -> None:
        """Output is not held back until the end: the second line waits for what the first said."""
        gate = threading.Event()

        def payload() -> Iterator[bytes]:
            yield b"first\n"
            assert gate.wait(20)
            yield b"second\n"

        lines = site.connect(sshd, key).stream(payload(), boot="cat")
        assert next(lines) == "first"
        gate.set()
        assert list(lines) == ["second"]

    def test_two_channels_at_once(self, site: Site, sshd: Sshd, key: Path) -> None:
        """Two threads stream over one connection without waiting for each other."""
        transport = site.connect(sshd, key)
        gate = threading.Barrier(2, timeout=20)

        def talk(word: str) -> list[str]:
            def payload() -> Iterator[bytes]:
                gate.wait()
                yield f"{word}\n".encode() * 50_000

            return run(transport, "cat", payload())

        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(talk, ["left", "right"]))
        assert results == [["left"] * 50_000, ["right"] * 50_000]
        assert transport.channels == 2
        assert sshd.logins() == 1

    def test_error_output_never_blocks_and_its_end_is_kept(
        self, site: Site, sshd: Sshd, key: Path
    ) -> None:
        """10 MB of error output do not fill the window; status and last words are in the error."""
        boot = "head -c 10000000 /dev/zero | tr -c x y >&2; echo out; echo last words >&2; exit 7"
        got: list[str] = []
        with pytest.raises(RemoteExitError) as failed:
            got.extend(site.connect(sshd, key).stream([], boot=boot))
        assert failed.value.status == 7
        assert failed.value.stderr.endswith("last words")
        assert 60_000 < len(failed.value.stderr) < 70_000
        assert "w1: the script ended with exit status 7" in str(failed.value)

    def test_a_script_that_a_signal_ended(self, site: Site, sshd: Sshd, key: Path) -> None:
        """No exit status is not taken for a lost connection while the connection stands."""
        transport = site.connect(sshd, key)
        with pytest.raises(RemoteExitError, match="ended by a signal") as failed:
            run(transport, "kill -9 $$")
        assert failed.value.status is None
        assert run(transport, "echo alive") == ["alive"]

    def test_a_payload_that_fails_is_the_error_to_see(
        self, site: Site, sshd: Sshd, key: Path
    ) -> None:
        """What iterating over the payload raises comes out, even an OSError; the host stops."""

        def payload() -> Iterator[bytes]:
            yield b"some\n"
            raise FileNotFoundError("the archive is gone")

        with pytest.raises(FileNotFoundError, match="the archive is gone"):
            run(site.connect(sshd, key), "cat >/dev/null; echo complete", payload())

    def test_a_script_that_reads_nothing(self, site: Site, sshd: Sshd, key: Path) -> None:
        """The script's status counts, not whether it wanted its input."""
        assert run(site.connect(sshd, key), "echo done", [b"x" * (1 << 20)] * 8) == ["done"]

    def test_leaving_early_ends_the_script(self, site: Site, sshd: Sshd, key: Path) -> None:
        """Closing the iterator closes the channel; the connection stays good."""
        transport = site.connect(sshd, key)
        lines = transport.stream([], boot="echo $$; while echo tick; do sleep 0.05; done")
        pid = int(next(lines))
        lines.close()  # type: ignore[attr-defined]
        wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the script is gone")
        assert run(transport, "echo alive") == ["alive"]


class TestBrokenConnections:
    def test_a_connection_cut_in_the_middle(self, site: Site, sshd: Sshd, key: Path) -> None:
        """Killing the server side says how far it got, and that nothing more is known."""
        transport = site.connect(sshd, key)
        lines = transport.stream([], boot="echo $PPID; echo two; exec sleep 60")
        child = int(next(lines))
        assert next(lines) == "two"
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ConnectionLostError, match=r"connection lost after 2 lines / \d+ bytes"):
            next(lines)
        with pytest.raises(ConnectionLostError):
            run(transport, "echo more")

    def test_abort_wakes_blocked_readers(self, site: Site, sshd: Sshd, key: Path) -> None:
        """After abort from another thread a reader that waits raises within a moment."""
        transport = site.connect(sshd, key)
        lines = transport.stream([], boot="echo started; exec sleep 60")
        assert next(lines) == "started"
        began = time.monotonic()
        threading.Timer(0.1, transport.abort).start()
        with pytest.raises(AbortedError, match="interrupted here after 1 lines"):
            next(lines)
        assert time.monotonic() - began < 5
        with pytest.raises(AbortedError):
            run(transport, "echo more")

    def test_nothing_is_left_behind(self, site: Site, sshd: Sshd, key: Path) -> None:
        """After close there is no thread of ours, also after a failed login."""
        run(site.connect(sshd, key), "echo hello")
        with pytest.raises(TransportError):
            site.connect(sshd, make_key(site.home / "other"))
        site.close()

        def threads() -> list[threading.Thread]:
            return [t for t in threading.enumerate() if t is not threading.main_thread()]

        wait_for(lambda: not threads(), f"threads end: {threads()}")

    def test_a_refused_port_is_tried_again(self, site: Site, sshd: Sshd, key: Path) -> None:
        """A machine that is still booting is waited for, and the log says so."""
        sshd.stop()
        starter = threading.Timer(0.3, sshd.start)
        starter.start()
        transport = site.connect(sshd, key, retry=Retry(seconds=15, first_pause=0.1))
        starter.join()
        assert run(transport, "echo up") == ["up"]
        assert any("trying again" in line for line in site.said)

    def test_abort_of_everything_stops_waiting_for_hosts(self, site: Site) -> None:
        """Ctrl-C while hosts are waited for: no further try, and no connection afterwards."""
        connector = SshConnector(
            site.pins,
            log=site.said.append,
            retry=Retry(seconds=600, first_pause=300),
            environ={},
            home=site.home,
        )
        host = Host("w1", Connection("127.0.0.1", port=free_port()))
        threading.Timer(0.2, connector.abort).start()
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"refuses connections|were ended"):
            connector.connect(host)
        assert time.monotonic() - began < 20

    def test_no_connection_after_the_end(self, site: Site, sshd: Sshd, key: Path) -> None:
        """A connector that was ended opens nothing that nobody would close."""
        connector = SshConnector(site.pins, log=site.said.append, environ={}, home=site.home)
        connection = Connection("127.0.0.1", port=sshd.port, private_key_file=str(key))
        connector.abort()
        with pytest.raises(AbortedError):
            connector.connect(Host("w1", connection))
