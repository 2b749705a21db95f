"""The order of events on one channel: local sh for what really runs, a fake pipe for sudo."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from kprov.model.errors import TransportError
from kprov.model.host import Connection, Host
from kprov.model.secret import Secret
from kprov.transport.base import AbortedError, ConnectionLostError, RemoteExitError
from kprov.transport.become import command
from kprov.transport.exchange import End, Exchange
from kprov.transport.local import LocalTransport

HOST = Host("w1", Connection("192.0.2.1"))
SHELLS = [shell for shell in ("dash", "busybox", "bash") if shutil.which(shell)]
LIMIT_SECONDS = 20


@pytest.fixture(params=SHELLS)
def local(request: pytest.FixtureRequest) -> Iterator[LocalTransport]:
    transport = LocalTransport(HOST, request.param)
    yield transport
    transport.close()


class TestLocal:
    def test_payload_in_lines_out(self, local: LocalTransport) -> None:
        """The same under every sh; channels are counted."""
        assert list(local.stream([b"one\n", b"two"], boot="cat; echo; echo end")) == [
            "one",
            "two",
            "end",
        ]
        assert list(local.stream([], boot="echo $((6 * 7))")) == ["42"]
        assert local.channels == 2
        assert local.host is HOST

    def test_sh_is_the_chosen_one(self, local: LocalTransport) -> None:
        """A script that calls sh gets the same one: payloads run as they would on such a host."""
        which = 'sh -c "cat /proc/\\$\\$/comm; readlink /proc/\\$\\$/exe"'
        assert next(iter(local.stream([], boot=f"{which}; exit 0"))) == "sh"

    def test_status_and_errors(self, local: LocalTransport) -> None:
        """A failing script raises after its lines came."""
        got: list[str] = []
        with pytest.raises(RemoteExitError) as failed:
            got.extend(local.stream([], boot="echo out; echo err >&2; exit 4"))
        assert (failed.value.status, failed.value.stderr) == (4, "err")

    def test_a_flood_of_errors(self, local: LocalTransport) -> None:
        """Much error output before any output blocks nothing."""
        boot = "head -c 3000000 /dev/zero >&2; cat"
        assert list(local.stream([b"x" * 3_000_000], boot=boot)) == ["x" * 3_000_000]

    def test_a_failing_payload(self, local: LocalTransport) -> None:
        """The payload's own error is raised, an OSError too, and the script does not go on."""

        def payload() -> Iterator[bytes]:
            yield b"half"
            raise PermissionError("cannot read the archive")

        with pytest.raises(PermissionError, match="archive"):
            list(local.stream(payload(), boot="cat >/dev/null; echo complete"))

    def test_abort(self, local: LocalTransport) -> None:
        """A reader that waits is woken; later streams say the same."""
        lines = local.stream([], boot="echo begun; exec sleep 60")
        assert next(lines) == "begun"
        threading.Timer(0.05, local.abort).start()
        with pytest.raises(AbortedError, match="interrupted"):
            next(lines)
        with pytest.raises(AbortedError, match="interrupted"):
            next(local.stream([], boot="echo more"))

    def test_leaving_early_kills_the_script(self, local: LocalTransport) -> None:
        """Nothing runs on after the reader is gone."""
        lines = local.stream([], boot="echo begun; while echo tick; do :; done")
        assert next(lines) == "begun"
        lines.close()  # type: ignore[attr-defined]
        assert not [t for t in threading.enumerate() if t.name.startswith("kprov-") and wait(t)]


def wait(thread: threading.Thread) -> bool:
    thread.join(LIMIT_SECONDS)
    return thread.is_alive()


def test_no_such_shell() -> None:
    """A shell that is not installed is named."""
    with pytest.raises(TransportError, match="there is no nosuchsh"):
        LocalTransport(HOST, "nosuchsh")


class FakePipe:
    """A scripted other end: `act` gets this pipe and plays sudo and the root side."""

    def __init__(self, act: Callable[[FakePipe], End]) -> None:
        self.sent = b""
        self.eof = threading.Event()
        self.closed = threading.Event()
        self._arrived = threading.Condition()
        self._stdout: SimpleQueue[bytes] = SimpleQueue()
        self._stderr: SimpleQueue[bytes] = SimpleQueue()
        self._end = End(None, lost=True)
        self._thread = threading.Thread(target=self._run, args=(act,), daemon=True)
        self._thread.start()

    def _run(self, act: Callable[[FakePipe], End]) -> None:
        self._end = act(self)
        self._stdout.put(b"")
        self._stderr.put(b"")

    def wait_for(self, data: bytes) -> None:
        """Return when `data` has been sent to this end."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: data in self.sent, LIMIT_SECONDS), self.sent

    def say(self, data: bytes) -> None:
        self._stdout.put(data)

    def complain(self, data: bytes) -> None:
        self._stderr.put(data)

    def send(self, data: bytes) -> bool:
        with self._arrived:
            assert not self.eof.is_set(), "sent after the end of input"
            self.sent += data
            self._arrived.notify_all()
        return not self.closed.is_set()

    def send_eof(self) -> None:
        self.eof.set()

    def receive(self) -> bytes:
        return self._stdout.get(timeout=LIMIT_SECONDS)

    def receive_error(self) -> bytes:
        return self._stderr.get(timeout=LIMIT_SECONDS)

    def end(self) -> End:
        return self._end

    def close(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self._stdout.put(b"")
            self._stderr.put(b"")


SUDO = command("cat", user="me", password=Secret("horse"), nonce="7")
ROOT = command("cat", user="root", password=None, nonce="7")


def exchange(pipe: FakePipe, *, tried=SUDO, start_seconds: float = LIMIT_SECONDS):  # type: ignore[no-untyped-def]
    payload = [b"PAYLOAD"]
    return Exchange(pipe, tried, payload, where="w1", start_seconds=start_seconds).run()


class TestSudo:
    def test_the_payload_waits_for_ready(self) -> None:
        """Password first, nothing else until the root side speaks; then go, then payload."""
        seen: list[bytes] = []

        def act(pipe: FakePipe) -> End:
            pipe.wait_for(b"horse\n")
            time.sleep(0.05)
            seen.append(pipe.sent)
            pipe.complain(b"kprov-password-7:kprov-ready-7\n")
            pipe.say(b"kprov-ready-7\n")
            pipe.wait_for(b"PAYLOAD")
            assert pipe.eof.wait(LIMIT_SECONDS)
            pipe.say(b"done\n")
            return End(0)

        pipe = FakePipe(act)
        assert list(exchange(pipe)) == ["done"]
        assert seen == [b"horse\n"]
        assert pipe.sent == b"horse\nkprov-go-7\nPAYLOAD"

    @pytest.mark.parametrize(
        "complaint", [b"kprov-password-7:Sorry, try again.\n", b"kprov-password-7:" * 2]
    )
    def test_a_refused_password_ends_the_input(self, complaint: bytes) -> None:
        """One try, then end of input: sudo must not take another line for a second try."""

        def act(pipe: FakePipe) -> End:
            pipe.wait_for(b"horse\n")
            pipe.complain(complaint)
            assert pipe.eof.wait(LIMIT_SECONDS)
            pipe.complain(b"sudo: 1 incorrect password attempt\n")
            return End(1)

        pipe = FakePipe(act)
        with pytest.raises(TransportError, match="refuses the password"):
            list(exchange(pipe))
        assert pipe.sent == b"horse\n"
        assert pipe.closed.is_set()

    def test_words_of_the_script_are_not_a_refusal(self) -> None:
        """After ready, 'try again' on the error output is the script's own."""

        def act(pipe: FakePipe) -> End:
            pipe.complain(b"kprov-password-7:kprov-ready-7\n")
            pipe.say(b"kprov-ready-7\n")
            pipe.wait_for(b"kprov-go-7\n")
            pipe.complain(b"network down, try again.\n")
            pipe.wait_for(b"PAYLOAD")
            return End(1)

        pipe = FakePipe(act)
        with pytest.raises(RemoteExitError) as failed:
            list(exchange(pipe))
        assert failed.value.stderr == "network down, try again."

    def test_silence_ends(self) -> None:
        """A sudo that neither lets in nor refuses is given up."""

        def act(pipe: FakePipe) -> End:
            pipe.complain(b"Second factor code: ")
            assert pipe.closed.wait(LIMIT_SECONDS)
            return End(None, lost=True)

        with pytest.raises(TransportError, match=r"did not answer[\s\S]*Second factor code"):
            list(exchange(FakePipe(act), start_seconds=0.1))


def test_root_gets_its_payload_at_once() -> None:
    """No round trip is spent on waiting where no password is asked for."""

    def act(pipe: FakePipe) -> End:
        pipe.wait_for(b"PAYLOAD")
        pipe.say(b"motd\nlast login: kprov-ready-7\nout\n")
        return End(0)

    assert list(exchange(FakePipe(act), tried=ROOT)) == ["out"]


def test_a_lost_connection_before_ready() -> None:
    """Not blamed on sudo."""

    def act(pipe: FakePipe) -> End:
        return End(None, lost=True)

    with pytest.raises(ConnectionLostError, match="after 0 lines / 0 bytes"):
        list(exchange(FakePipe(act)))


def test_a_lost_connection_counts_lines() -> None:
    """Lines and bytes that arrived; half a line is not handed on as if it were one."""

    def act(pipe: FakePipe) -> End:
        pipe.say(b"kprov-ready-7\none\ntwo\nthr")
        return End(None, lost=True)

    got: list[str] = []
    with pytest.raises(ConnectionLostError, match="after 2 lines / 8 bytes received") as lost:
        got.extend(exchange(FakePipe(act), tried=ROOT))
    assert lost.value.lines == 2
    assert got == ["one", "two"]
