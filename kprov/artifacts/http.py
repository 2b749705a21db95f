"""HTTP as downloads need it: time-outs, verified TLS, honest errors, resuming by Range.

The standard library is enough for this: it takes the system's certificate store, SSL_CERT_FILE
and the proxy variables as they are, and costs a third of the start-up time of requests.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, TypeVar

from kprov.model.errors import ArtifactError

_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d*/(\d+|\*)")
_SMALL = 1 << 20
T = TypeVar("T")


class PassingError(Exception):
    """The server or the way to it has a problem that may be gone in a moment."""


class TooLongError(PassingError):
    """The part asked for begins behind the end of the file (416)."""


@dataclass(frozen=True, slots=True)
class Body:
    """An answer: `start` is the offset of its first byte, `total` the length of the whole file."""

    stream: IO[bytes]
    start: int
    total: int | None


@dataclass(frozen=True)
class HttpClient:
    """Settings of all requests of a run; seconds."""

    pause: Callable[[float], object]
    """Waits between attempts: time.sleep."""
    timeout: float = 30.0
    attempts: int = 4
    first_pause: float = 0.5
    """Doubles with every further attempt."""
    certificates: str | None = None
    """More trusted authorities, a file or folder: REQUESTS_CA_BUNDLE."""
    opener: urllib.request.OpenerDirector | None = field(default=None, repr=False)

    def read(self, url: str) -> bytes | None:
        """A small file as a whole, None when there is none (404, 410). Raises ArtifactError."""

        def attempt() -> bytes | None:
            with self.open(url) as body:
                if body is None:
                    return None
                data = body.stream.read(_SMALL)
                if len(data) < min(body.total or 0, _SMALL):
                    raise PassingError("the connection was cut")
                return data

        return self.retried(url, attempt)

    def exists(self, url: str) -> bool:
        """Whether there is such a file; asked by GET, which every server answers."""

        def attempt() -> bool:
            with self.open(url) as body:
                return body is not None

        return self.retried(url, attempt)

    def reachable(self, url: str, timeout: float) -> bool:
        """Whether a server answers within `timeout` seconds, with whatever status."""
        try:
            self._opener.open(_request(url, 0), timeout=timeout).close()
        except urllib.error.HTTPError as error:
            error.close()
        except (OSError, http.client.HTTPException):
            return False
        return True

    def retried(self, url: str, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, tried again after each PassingError. Raises ArtifactError."""
        for number in range(1, self.attempts + 1):
            try:
                return attempt()
            except PassingError as error:
                if number == self.attempts:
                    raise unreachable(url, str(error), self.attempts) from error
                self.pause(self.first_pause * 2 ** (number - 1))
        raise AssertionError("attempts is at least 1")

    @contextlib.contextmanager
    def open(self, url: str, offset: int = 0) -> Iterator[Body | None]:
        """The answer to one request from byte `offset` on, None when there is no such file.

        Raises PassingError for what may work next time, also while the block reads the body, and
        ArtifactError for what will not.
        """
        try:
            with self._opener.open(_request(url, offset), timeout=self.timeout) as response:
                yield Body(response, *_extent(response, offset))
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in (404, 410):
                    raise _refused(url, error) from error
                yield None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise _untrusted(url, error.reason) from error
            raise PassingError(str(error.reason)) from error
        except (OSError, http.client.HTTPException) as error:
            raise PassingError(str(error) or type(error).__name__) from error

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        if self.opener is not None:
            return self.opener
        context = ssl.create_default_context()
        if self.certificates:
            folder = Path(self.certificates).is_dir()
            context.load_verify_locations(**{"capath" if folder else "cafile": self.certificates})
        return urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=context), _SafeRedirects()
        )


def unreachable(url: str, why: str, attempts: int) -> ArtifactError:
    """The error after the last attempt."""
    host = urllib.parse.urlsplit(url).netloc
    return ArtifactError(
        f"{host} cannot be reached, or does not deliver: {why} ({attempts} attempts)",
        where=url,
        hint="check the network and the proxy variables of this computer; without internet, set "
        "cluster.artifacts.mirror to a mirror that has upstream's layout",
    )


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to http: a checksum must come as it was sent."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        schemes = (req.type, urllib.parse.urlsplit(newurl).scheme)
        if schemes not in (("http", "http"), ("http", "https"), ("https", "https")):
            raise ArtifactError(
                f"the server redirects from {schemes[0]} to {newurl}",
                where=req.full_url,
                hint="only redirects to https are followed; use another mirror",
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _request(url: str, offset: int) -> urllib.request.Request:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ArtifactError("is not an http or https address", where=url)
    # Without this, a proxy may compress, and the digest would be another one.
    headers = {"User-Agent": "kprov", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    return urllib.request.Request(url, headers=headers)  # noqa: S310  the scheme is checked above


def _extent(response: Any, offset: int) -> tuple[int, int | None]:
    """Offset of the first byte of an answer, and length of the whole file (RFC 9110, 14.4)."""
    length = response.headers.get("Content-Length")
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0, None if length is None else int(length)
    match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    if match is None or int(match[1]) != offset:
        raise PassingError(f"the server sent another part than the one from byte {offset} on")
    return offset, None if match[2] == "*" else int(match[2])


def _refused(url: str, error: urllib.error.HTTPError) -> Exception:
    status = f"{error.code} {error.reason}"
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return TooLongError(status)
    if error.code in _RETRIED_STATUS:
        return PassingError(status)
    return ArtifactError(
        f"the server refuses: {status}",
        where=url,
        hint="check the address, and what this mirror or proxy asks for",
    )


def _untrusted(url: str, reason: ssl.SSLCertVerificationError) -> ArtifactError:
    return ArtifactError(
        f"the server's certificate is not trusted: {reason.verify_message}",
        where=url,
        hint="if it is signed by your own authority, add that to the system's store, or name its "
        "file in SSL_CERT_FILE or REQUESTS_CA_BUNDLE",
    )
