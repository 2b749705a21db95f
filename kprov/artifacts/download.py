"""One large file, over lines that break: what has arrived is kept and continued."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO

from kprov.artifacts.http import Body, HttpClient, PassingError, TooLongError, unreachable
from kprov.artifacts.problems import cannot_write

Progress = Callable[[int, int | None], None]
"""Called with bytes so far and bytes in all (None: the server does not say)."""
_CHUNK = 1 << 18


class NotFoundError(Exception):
    """There is no file at that address."""


def download(http: HttpClient, url: str, target: Path, progress: Progress) -> None:
    """Bring `target` to the full length of the file at `url`, going on where it ends now.

    Gives up after `http.attempts` attempts without a single new byte. What is in `target` is
    complete then or not at all checked: the caller compares digests. Raises NotFoundError,
    ArtifactError.
    """
    failures, furthest = 0, _size(target)
    while True:
        try:
            _attempt(http, url, target, progress)
        except PassingError as error:
            reached = _size(target)
            failures = 1 if reached > furthest else failures + 1
            furthest = max(furthest, reached)
            if failures >= http.attempts:
                raise unreachable(url, str(error), failures) from error
            http.pause(http.first_pause * 2 ** (failures - 1))
        else:
            return


def _attempt(http: HttpClient, url: str, target: Path, progress: Progress) -> None:
    try:
        with http.open(url, _size(target)) as body:
            if body is None:
                raise NotFoundError(url)
            _receive(body, target, progress)
    except TooLongError:
        target.unlink(missing_ok=True)  # it was the beginning of another file
        raise


def _receive(body: Body, target: Path, progress: Progress) -> None:
    """Write a body to its place; a server that ignores Range sends the file from its start."""
    done = body.start
    with _opened(target, body.start) as stream:
        while chunk := body.stream.read(_CHUNK):
            try:
                stream.write(chunk)
            except OSError as error:
                raise cannot_write(target, error) from error
            done += len(chunk)
            progress(done, body.total)
    if body.total is not None and done < body.total:
        raise PassingError(f"the connection was cut after {done} of {body.total} bytes")


def _opened(target: Path, start: int) -> IO[bytes]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("ab" if start else "wb")
    except OSError as error:
        raise cannot_write(target, error) from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
