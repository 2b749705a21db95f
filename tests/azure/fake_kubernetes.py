"""A fake API server on loopback, as strict as draining needs: nodes, pods, evictions."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

Json = dict[str, Any]


class FakeKubernetes:
    """Nodes by name with their labels, pods by name with their node; both may be changed."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.nodes: dict[str, dict[str, str]] = {}
        self.pods: dict[str, Json] = {}
        self.services: dict[str, str] = {}
        """NAMESPACE/NAME to the address of a load balancer."""
        self.cordoned: list[str] = []
        self.evicted: list[str] = []
        self.refusals = 0
        """How many evictions a PodDisruptionBudget forbids before it allows them."""

    def kubeconfig(self) -> str:
        """Leads here."""
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                "users": [{"name": "fake", "user": {"token": "fake"}}],
                "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
                "current-context": "fake",
            }
        )

    def pod(self, name: str, node: str, **meta: Any) -> None:
        """A running pod."""
        self.pods[name] = {
            "metadata": {"name": name, "namespace": "default", **meta},
            "spec": {"nodeName": node},
            "status": {"phase": "Running"},
        }

    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> tuple[int, Json]:
        """One request."""
        parts = path.strip("/").split("/")
        match method, parts:
            case "GET", ["api", "v1", "nodes"]:
                key, _, value = query["labelSelector"].partition("=")
                names = [name for name, labels in self.nodes.items() if labels.get(key) == value]
                return 200, {"items": [{"metadata": {"name": name}} for name in names]}
            case "PATCH", ["api", "v1", "nodes", name]:
                assert body == {"spec": {"unschedulable": True}}
                self.cordoned.append(name)
                return 200, {}
            case "GET", ["api", "v1", "pods"]:
                node = query["fieldSelector"].removeprefix("spec.nodeName=")
                items = [pod for pod in self.pods.values() if pod["spec"]["nodeName"] == node]
                return 200, {"items": items}
            case "GET", ["api", "v1", "namespaces", namespace, "services", name] if (
                address := self.services.get(f"{namespace}/{name}")
            ):
                return 200, {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
            case "POST", ["api", "v1", "namespaces", _, "pods", name, "eviction"]:
                return self._evict(name, body)
        return 404, {"message": f"fake: {method} {path}", "reason": "NotFound"}

    def _evict(self, name: str, body: Json) -> tuple[int, Json]:
        assert (body["apiVersion"], body["kind"]) == ("policy/v1", "Eviction")
        if self.refusals:
            self.refusals -= 1
            why = "Cannot evict pod as it would violate the pod's disruption budget."
            return 429, {"message": why, "reason": "TooManyRequests"}
        if self.pods.pop(name, None) is None:
            return 404, {"message": "no such pod", "reason": "NotFound"}
        self.evicted.append(name)
        return 201, {}


@contextmanager
def fake_kubernetes() -> Iterator[FakeKubernetes]:
    """Serve one for the block."""
    holder: list[FakeKubernetes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is given
            """Say nothing."""

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            status, answer = holder[0].answer(self.command, parts.path, query, body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815  given

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    holder.append(FakeKubernetes(f"http://127.0.0.1:{server.server_port}"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield holder[0]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
