"""HTTPS on a loopback port: read a request, let faults happen, ask who answers, write it back."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.azure.arm import Gateway
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Request, Response
from tests.azure.faults import Cut
from tests.azure.world import World


class ConnectionCut(Exception):  # noqa: N818  it is the network's doing
    """The connection breaks here."""


class Front:
    """Between the socket and the gateway: sign-in, time, faults and the log."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway
        self.numbers = itertools.count(1)
        self.crashes: list[str] = []

    def answer(self, request: Request) -> Response:
        """One request from start to end, alone."""
        with self.world.lock:
            signed_in = self._guarded(self.world.tokens.answer, request)
            if signed_in is not None:
                return signed_in
            self.world.clock.tick()
            self.world.operations.settle()
            cut = self.world.faults.cut()
            if cut is Cut.BEFORE:
                self._note(request, 0, None)
                raise ConnectionCut
            answer, code = self._ask(request)
            if cut is Cut.AFTER:
                self._note(request, 0, code)
                raise ConnectionCut
            self._note(request, answer.status, code)
            return answer

    def _ask(self, request: Request) -> tuple[Response, str | None]:
        try:
            self.world.faults.refuse(request)
            answer = self._guarded(self.gateway.answer, request)
        except Refusal as refusal:
            return Response(refusal.status, refusal.body(), refusal.headers), refusal.code
        assert answer is not None
        return answer, None

    def _guarded(
        self, ask: Callable[[Request], Response | None], request: Request
    ) -> Response | None:
        """A fault of the emulator's own is kept, to be told to the test that met it."""
        try:
            return ask(request)
        except Refusal:
            raise
        except Exception:  # noqa: BLE001  whatever it is
            self.crashes.append(traceback.format_exc())
            return Response(500, {"error": {"code": "EmulatorCrashed", "message": "see stderr"}})

    def _note(self, request: Request, status: int, code: str | None) -> None:
        sent = None
        if request.body and request.headers.get("content-type", "").startswith("application/json"):
            try:
                sent = request.json()
            except Refusal:
                sent = None
        self.world.log.note(request, status, code, sent)


def _handler(front: Front, base: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body are two writes: 40 ms each otherwise
        timeout = 60

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is given
            """Say nothing: the request log has it."""

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            with front.world.lock:
                number = next(front.numbers)
            request = Request(
                number=number,
                method=self.command,
                path=unquote(parts.path),
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
                base=base[0],
            )
            try:
                answer = front.answer(request)
            except ConnectionCut:
                self._break()
                return
            self._write(answer, number)

        def _break(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
            )  # a reset, as when a cable is pulled
            self.connection.close()

        def _write(self, answer: Response, number: int) -> None:
            payload = answer.payload()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("x-ms-request-id", f"emulated-{number}")
            if payload:
                self.send_header("Content-Type", "application/json; charset=utf-8")
            if answer.status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815  given

    return Handler


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are no news; a fault of the emulator's own is."""
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, OSError | ValueError):
            super().handle_error(request, client_address)


class HttpsServer:
    """The server and its thread."""

    def __init__(self, front: Front, context: ssl.SSLContext, port: int = 0) -> None:
        base: list[str] = []
        self._server = _Quiet(("127.0.0.1", port), _handler(front, base))
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = self._server.server_port
        self.endpoint = f"https://127.0.0.1:{self.port}"
        base.append(self.endpoint)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
