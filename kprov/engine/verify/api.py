"""The Kubernetes API as plain JSON: requests, watches, logs and exec of the official client.

Its kubeconfig loading, TLS and WebSocket code are used; its typed models are not, because those of
one release refuse objects of another. That package is slow to import: it is loaded on `connect`.
"""

from __future__ import annotations

import copy
import importlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import urllib3

from kprov.engine.verify.values import JsonObject
from kprov.model.errors import InputError, KprovError

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
CONNECTIONS = 64

_CREDENTIALS_HINT = (
    "the kubeconfig's credentials are no longer valid: `kprov kubeconfig` makes new ones"
)

_RETRIES = urllib3.Retry(
    connect=1,
    read=0,
    redirect=0,
    other=0,
    status=3,
    status_forcelist=(HTTPStatus.TOO_MANY_REQUESTS,),
    allowed_methods=None,
    raise_on_status=False,
)


_NOT_YET_PAUSE = 0.3
"""Seconds between two requests that the API was not ready for."""


class ApiError(KprovError):
    """The API answered no: `status` is the HTTP status, `reason` the API's word for it."""

    def __init__(self, status: int, reason: str, message: str, where: str) -> None:
        hint = _CREDENTIALS_HINT if status == HTTPStatus.UNAUTHORIZED else ""
        super().__init__(f"HTTP {status} {reason}: {message}", where=where, hint=hint)
        self.status = status
        self.reason = reason
        self.message = message


class ApiUnreachableError(KprovError):
    """The API did not answer."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command in a container ended."""

    code: int
    out: str
    err: str


class Api:
    """A connection to one API server as one identity; safe to share between threads."""

    def __init__(
        self, configuration: Any, pool: Any, timeout: float, member: Mapping[str, str] | None = None
    ) -> None:
        self._configuration = configuration
        self._member = dict(member or {})
        self._pool = pool
        self._timeout = timeout

    @classmethod
    def connect(cls, kubeconfig: Path, *, context: str | None = None, timeout: float = 10.0) -> Api:
        """Read the kubeconfig; nothing is sent yet.

        Raises InputError when the file cannot be read or is no kubeconfig.
        """
        client, config = _official("client"), _official("config")
        configuration = client.Configuration()
        configuration.connection_pool_maxsize = CONNECTIONS
        try:
            config.load_kube_config(
                config_file=str(kubeconfig),
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
        except (config.ConfigException, OSError, ValueError, TypeError) as error:
            raise InputError(
                f"not a usable kubeconfig: {error}",
                where=str(kubeconfig),
                hint="write one with `kprov kubeconfig`",
            ) from error
        return cls._with(configuration, timeout)

    @classmethod
    def _with(cls, configuration: Any, timeout: float) -> Api:
        client = _official("client").ApiClient(configuration)
        return cls(configuration, client.rest_client.pool_manager, timeout)

    def as_bearer(self, token: str) -> Api:
        """The same server, spoken to with a bearer token and no client certificate."""
        configuration = copy.copy(self._configuration)
        configuration.cert_file = None
        configuration.key_file = None
        configuration.api_key = {"BearerToken": f"Bearer {token}"}
        configuration.api_key_prefix = {}
        configuration.refresh_api_key_hook = None
        return self._with(configuration, self._timeout)

    def as_member(self, group: str) -> Api:
        """The same server, asked as somebody of that group; needs the right to impersonate."""
        member = {"Impersonate-User": "kprov-verify", "Impersonate-Group": group}
        return Api(self._configuration, self._pool, self._timeout, member)

    @property
    def server(self) -> str:
        """The address of the server, as the kubeconfig names it."""
        return str(self._configuration.host)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> JsonObject:
        """Read an object or a list."""
        return self._json("GET", path, query=query)

    def create(self, path: str, body: JsonObject) -> JsonObject:
        """Create an object. ServerTimeout is the API's word for "not yet": it is asked again.

        Until Kubernetes 1.23 it says so while its own view lacks a service account's token.
        """
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return self._json("POST", path, body=body)
            except ApiError as error:
                if error.reason != "ServerTimeout" or time.monotonic() > deadline:
                    raise
            time.sleep(_NOT_YET_PAUSE)

    def patch(self, path: str, body: Any, kind: str = MERGE_PATCH) -> JsonObject:
        """Change an object; `kind` is the patch's media type."""
        return self._json("PATCH", path, body=body, content_type=kind)

    def delete(self, path: str, query: Mapping[str, str] | None = None) -> None:
        """Delete an object or a selected collection, dependants in the background."""
        self._json("DELETE", path, query={"propagationPolicy": "Background", **(query or {})})

    def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Read what is no JSON: logs."""
        with self._open("GET", path, query=query) as response:
            return bytes(response.data).decode("utf-8", "replace")

    def watch(self, path: str, query: Mapping[str, str], seconds: int) -> Iterator[JsonObject]:
        """Yield watch events as they come, until the server ends the watch after `seconds`."""
        query = {**query, "watch": "1", "timeoutSeconds": str(seconds)}
        with self._open("GET", path, query=query, timeout=seconds + self._timeout) as response:
            rest = b""
            for chunk in response.stream():
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (json.loads(line) for line in lines if line.strip())

    def exec(
        self, path: str, command: tuple[str, ...], container: str, timeout: float
    ) -> ExecResult:
        """Run a command in a container; `path` is the pod's `exec` subresource.

        Raises ApiError when the API or the kubelet refuses, ApiUnreachableError on a broken stream
        and TimeoutError when the command has not ended after `timeout` seconds.
        """
        ws_client = _official("stream.ws_client")
        query = [("container", container), ("stdout", "true"), ("stderr", "true")]
        query += [("command", word) for word in command]
        url = ws_client.get_websocket_url(self.server + path, query)
        with _websocket_errors(self.server, path):
            stream = ws_client.WSClient(
                self._configuration, url, self._headers(), capture_all=False
            )
            try:
                stream.run_forever(timeout=timeout)
                if stream.is_open():
                    raise TimeoutError(f"the command did not end within {timeout:.0f} s")
                out, err, status = (stream.read_channel(channel) for channel in (1, 2, 3))
            finally:
                stream.close()
        return ExecResult(_exit_code(status, path), out, err)

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> JsonObject:
        with self._open(
            method, path, query=query, body=body, content_type=content_type
        ) as response:
            parsed: JsonObject = json.loads(response.data)
            return parsed

    @contextmanager
    def _open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float | None = None,
    ) -> Iterator[Any]:
        """An answer with a good status, its body not read yet; the errors of reading it too."""
        headers = {
            **self._headers(),
            "Accept": "application/json, */*",
            "User-Agent": "kprov-verify",
        }
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            response = self._pool.request_encode_url(
                method,
                self.server + path,
                fields=dict(query or {}),
                headers=headers,
                body=None if body is None else json.dumps(body),
                timeout=urllib3.Timeout(connect=self._timeout, read=timeout or self._timeout),
                retries=_RETRIES,
                preload_content=False,
            )
            try:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise _refused(response.status, response.data, f"{method} {path}")
                yield response
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise _unreachable(self.server, error) from error

    def _headers(self) -> dict[str, str]:
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        return {**self._member, **({"authorization": token} if token else {})}


def _official(module: str) -> Any:
    """A module of the official client, loaded when needed; it has no types to speak of."""
    return importlib.import_module(f"kubernetes.{module}")


def _refused(status: int, body: bytes, where: str) -> ApiError:
    """The error in an answer's body: a metav1.Status, or whatever a proxy sent."""
    try:
        answer = json.loads(body)
        message, reason = str(answer["message"]), str(answer.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        message, reason = body.decode("utf-8", "replace").strip()[:300], ""
    return ApiError(status, reason, message or "no message", where)


def _unreachable(server: str, error: BaseException) -> ApiUnreachableError:
    cause: BaseException = getattr(error, "reason", None) or error
    # urllib3 says "HTTPSConnection(host=..., port=...): Failed to ...": the server is named anyway.
    text = str(cause).rpartition("): ")[2] or type(cause).__name__
    tls = "CERTIFICATE_VERIFY_FAILED" in text or "certificate" in text
    return ApiUnreachableError(
        f"the API does not answer: {text}",
        where=server,
        hint="the kubeconfig's CA or address is not this cluster's"
        if tls
        else "is kube-apiserver running there, and is the address the cluster's endpoint?",
    )


@contextmanager
def _websocket_errors(server: str, path: str) -> Iterator[None]:
    import websocket  # noqa: PLC0415  comes with the official client

    try:
        yield
    except websocket.WebSocketBadStatusException as error:
        body = getattr(error, "resp_body", None) or str(error).encode()
        raise _refused(error.status_code, body, f"exec {path}") from error
    except (websocket.WebSocketException, ConnectionError) as error:
        raise _unreachable(server, error) from error


def _exit_code(status: str, path: str) -> int:
    """The exit code in the error channel's metav1.Status (remotecommand protocol v4).

    Raises ApiError when the command could not be run at all.
    """
    try:
        answer = json.loads(status)
    except ValueError:
        raise ApiError(
            0, "", f"the exec stream ended without a status: {status!r}", f"exec {path}"
        ) from None
    if answer.get("status") == "Success":
        return 0
    causes = (answer.get("details") or {}).get("causes") or []
    codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
    if codes:
        return int(codes[0])
    raise ApiError(0, answer.get("reason", ""), answer.get("message", status), f"exec {path}")
