"""An API that is not ready for a request yet is asked again; one that refuses is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from kprov.engine.verify.api import Api, ApiError

NOT_YET = {"kind": "Status", "code": 500, "reason": "ServerTimeout", "message": "retry"}
NEVER = {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "no"}


class FakeApi(HTTPServer):
    """Answers POST with the given statuses in turn, then creates."""

    def __init__(self, answers: list[dict[str, object]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: FakeApi

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        body = self.server.answers.pop(0) if self.server.answers else {"kind": "Pod", "code": 201}
        data = json.dumps(body).encode()
        self.send_response(int(str(body["code"])))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        """Quiet."""


@pytest.fixture
def fake(request: pytest.FixtureRequest) -> Iterator[FakeApi]:
    server = FakeApi(list(request.param))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def connected(fake: FakeApi, folder: Path) -> Api:
    server = f"http://127.0.0.1:{fake.server_port}"
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return Api.connect(path, context=None, timeout=5.0)


@pytest.mark.parametrize("fake", [[NOT_YET, NOT_YET]], indirect=True)
def test_not_yet_is_asked_again(fake: FakeApi, tmp_path: Path) -> None:
    """Until it is created."""
    made = connected(fake, tmp_path).create("/api/v1/namespaces/x/pods", {"kind": "Pod"})
    assert made["kind"] == "Pod"
    assert fake.asked == 3


@pytest.mark.parametrize("fake", [[NEVER]], indirect=True)
def test_a_refusal_is_final(fake: FakeApi, tmp_path: Path) -> None:
    """Asked once."""
    with pytest.raises(ApiError, match="Forbidden"):
        connected(fake, tmp_path).create("/api/v1/namespaces/x/pods", {"kind": "Pod"})
    assert fake.asked == 1
