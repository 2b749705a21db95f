"""A bundle over HTTP, in upstream's layout: a mirror for hosts that download."""

from __future__ import annotations

import re
import tarfile
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kprov.model.errors import KprovError

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Part:
    """Where a file's bytes are in the bundle."""

    offset: int
    size: int


def parts_of(bundle: Path) -> Mapping[str, Part]:
    """Path below the server to the bytes: with upstream's host name, and without it."""
    parts: dict[str, Part] = {}
    with tarfile.open(bundle, mode="r:") as archive:
        for member in archive:
            part = Part(member.offset_data, member.size)
            parts[member.name] = part
            first, _, rest = member.name.partition("/")
            if "." in first and rest:
                parts.setdefault(rest, part)
    return parts


def bundle_server(bundle: Path, address: tuple[str, int], log: Callable[[str], None]) -> Server:
    """A server that listens; `serve_forever` answers. Raises KprovError when it cannot listen."""
    try:
        return Server(address, bundle, parts_of(bundle), log)
    except OSError as error:
        raise KprovError(
            f"cannot listen on {address[0]}:{address[1]}: {error.strerror or error}",
            hint="choose another address: --listen ADDRESS:PORT",
        ) from error


class Server(ThreadingHTTPServer):
    """Answers each request in a thread of its own, straight from the file."""

    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        bundle: Path,
        parts: Mapping[str, Part],
        log: Callable[[str], None],
    ) -> None:
        self.bundle = bundle
        self.parts = parts
        self.log = log
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """A file, or the rest of it from a byte on (RFC 9110, 14.2)."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """What GET would say."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/")
        part = self.server.parts.get(path)
        if part is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        start, end = self._range(part.size)
        if start >= part.size > 0:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{part.size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        whole = (start, end) == (0, part.size)
        self.send_response(HTTPStatus.OK if whole else HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(end - start))
        if not whole:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{part.size}")
        self.end_headers()
        if body:
            self._send(part.offset + start, end - start)

    def _range(self, size: int) -> tuple[int, int]:
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None:
            return 0, size
        return int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)

    def _send(self, offset: int, size: int) -> None:
        try:
            with self.server.bundle.open("rb") as stream:
                stream.seek(offset)
                while size > 0 and (piece := stream.read(min(size, _PIECE))):
                    self.wfile.write(piece)
                    size -= len(piece)
        except OSError:
            size = 1  # whoever asked has gone away, or the file has
        self.close_connection = self.close_connection or size > 0

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is given
        """One line a request, without what a client could put into it to mislead."""
        text = format % args
        self.server.log(f"{self.client_address[0]} {text}")
