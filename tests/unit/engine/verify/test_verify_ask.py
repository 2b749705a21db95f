"""The scripts that run inside pods, under the shells they meet, with busybox's own wget."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from kprov.engine.verify import ask, dns
from kprov.engine.verify.ask import Answer, read_answers, summary
from kprov.engine.verify.values import CheckFailed, VerifyOptions

SHELLS = [
    shell for shell in (["dash"], ["busybox", "sh"], ["bash", "--posix"]) if shutil.which(shell[0])
]


class Server:
    """An HTTP server on loopback whose paths answer well, badly, late or never."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.release = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                if self.path == "/hangs":
                    server.release.wait(30)
                    return
                late = self.path == "/late" and server.asked.count("/late") < 3
                if late:
                    return  # the connection ends without an answer
                self.send_response(400 if self.path == "/wrong" else 200)
                self.end_headers()
                self.wfile.write(
                    b"two  words\nand * lines\n" if self.path == "/words" else b"web-a\n"
                )

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http.server_port}/{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.release.set()
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def dead_url() -> str:
    """A URL on loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


@pytest.fixture(params=SHELLS, ids=" ".join)
def run(request: pytest.FixtureRequest, tmp_path: Path):
    """Runs a script in a shell where `wget` is busybox's; returns its output."""
    (tmp_path / "wget").symlink_to(str(shutil.which("busybox")))

    def start(script: str, *args: str) -> str:
        done = subprocess.run(
            [*request.param, "-c", script, "sh", *args],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            check=False,
        )
        assert done.stderr == ""
        return done.stdout

    return start


def asked(run, retries: int, *urls: str) -> list[Answer]:
    return read_answers(run(ask._SCRIPT, str(retries), *urls))


def test_answers_come_in_order_with_their_text(run, server):
    """Bodies of several lines become one; nothing in them is expanded."""
    good, words = server.url("good"), server.url("words")
    assert asked(run, 0, good, words) == [
        Answer(good, good=True, text="web-a"),
        Answer(words, good=True, text="two words and * lines"),
    ]


def test_an_answer_with_an_http_error_is_final(run, server):
    """A server that answers 400 has been reached: no retry."""
    (answer,) = asked(run, 5, server.url("wrong"))
    assert not answer.good
    assert "400 Bad Request" in answer.text
    assert server.asked == ["/wrong"]


def test_a_service_that_comes_late_is_waited_for(run, server):
    """Two failures, then the answer."""
    late = server.url("late")
    assert asked(run, 3, late) == [Answer(late, good=True, text="web-a")]


def test_retries_are_shared_by_all_urls(run, server, dead_url):
    """The dead URL uses them up; the one that would come at the third time is asked once."""
    answers = asked(run, 1, dead_url, server.url("late"))
    assert [answer.good for answer in answers] == [False, False]
    assert "Connection refused" in answers[0].text
    assert server.asked == ["/late"]


def test_a_question_without_answer_ends_after_two_seconds(run, server):
    """No timeout option of wget is used: Debian's has none."""
    started = time.monotonic()
    (answer,) = asked(run, 0, server.url("hangs"))
    assert (answer.good, answer.text) == (False, "no answer within 2 s")
    assert 1.5 < time.monotonic() - started < 10


FAKE_NSLOOKUP = """#!/bin/sh
# fake nslookup of busybox: the server first; exit code 1 for want of an AAAA record
[ $# = 1 ] || exit 64
echo x >> calls
echo "Server:		10.96.0.10"; echo "Address:	10.96.0.10:53"; echo
[ "$(grep -c x calls)" = 1 ] && echo "** server can't find $1: NXDOMAIN" && exit 1
echo "Name:	$1"; echo "Address: 10.96.0.1"
echo "*** Can't find $1: No answer"
exit 1
"""


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell[0] != "busybox"], ids=str)
def test_a_look_up_is_repeated_until_the_address_is_in_the_answer(shell, tmp_path: Path):
    """The answer counts, not the exit code; and 10.96.0.10 is not 10.96.0.1.

    (busybox sh takes its own nslookup before any other, which would ask a real server.)
    """
    (tmp_path / "nslookup").write_text(FAKE_NSLOOKUP)
    (tmp_path / "nslookup").chmod(0o755)
    done = subprocess.run(
        [*shell, "-c", dns._LOOK_UP, "sh", "kubernetes.default", "10.96.0.1"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        cwd=tmp_path,
        check=False,
    )
    assert "Address: 10.96.0.1\n" in done.stdout
    assert (tmp_path / "calls").read_text() == "x\nx\n"


def test_every_place_that_fails_is_named_and_a_broken_exec_gives_the_hint(monkeypatch):
    """One node gets no answer, one cannot even ask: both are named, the latter's hint counts."""

    def fake_ask(session, pod, urls):
        if pod == "unreachable":
            raise CheckFailed("exec in pod a: no kubelet", "look at the kubelet")
        return [Answer(url, good=pod == "fine", text="refused") for url in urls]

    monkeypatch.setattr(ask, "ask", fake_ask)
    session = SimpleNamespace(options=VerifyOptions())
    fine, deaf = ("fine", ["http://x/"]), ("deaf", ["http://x/"])
    ask.all_answer(session, {"node a": fine}, hint="look at kube-proxy")
    with pytest.raises(CheckFailed) as caught:
        ask.all_answer(session, {"a": fine, "b": deaf}, note="; endpoints: 1", hint="kube-proxy")
    assert caught.value.detail == "from b: http://x/ refused; endpoints: 1"
    assert caught.value.hint == "kube-proxy"
    with pytest.raises(CheckFailed) as caught:
        ask.all_answer(session, {"b": deaf, "c": ("unreachable", [])}, hint="kube-proxy")
    assert caught.value.detail == "from b: http://x/ refused; from c: exec in pod a: no kubelet"
    assert caught.value.hint == "look at the kubelet"


def test_failures_are_summed_up():
    """The first four, and how many more."""
    assert summary(["a", "b"]) == "a; b"
    assert summary(list("abcdef")) == "a; b; c; d; and 2 more"
