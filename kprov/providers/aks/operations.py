"""Long operations: begun once, waited for with a deadline, found again by the next process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kprov.model.errors import InterruptedByUser, ProviderError
from kprov.providers.aks.errors import is_busy, is_lagging, is_moved, retry_after, told
from kprov.providers.base import Tell
from kprov.state.atomic import read_optional, write_atomic

_TICK = 1.0
"""Seconds between two looks at Ctrl-C."""
_NEWS = 30.0
"""Seconds between two lines about the same operation."""
PATIENCE = 1800.0
"""Seconds that a refusal for being busy is put up with (a background upgrade takes a while)."""
DEADLINES: Mapping[str, float] = {
    "cluster": 3600.0,
    "upgrade": 4 * 3600.0,
    "pool": 3 * 3600.0,
    "group": 3600.0,
    "resource": 1800.0,
}
"""Seconds; the SDK itself would wait for ever."""


class ConnectionLostError(ProviderError):
    """Azure does not answer any more; the operation goes on there."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A long operation that a run has begun and not seen end."""

    what: str
    kind: str
    name: str
    token: str


@dataclass(slots=True)
class Operations:
    """The operations on one cluster: at most one at a time, as Azure has it."""

    where: str
    file: Path
    polling: float
    keep_alive: Callable[[], None]
    """Called now and then while waiting: the lease is renewed."""
    cancelled: threading.Event = field(default_factory=threading.Event)

    def pending(self) -> Begun | None:
        """What a run that was killed has begun; None when there is nothing."""
        data = read_optional(self.file)
        try:
            return None if not data else Begun(**json.loads(data))
        except (ValueError, TypeError):
            return None

    def remember(self, begun: Begun) -> None:
        """Keep it for the next run, before anything else."""
        write_atomic(self.file, json.dumps(_data(begun)).encode())

    def forget(self) -> None:
        """It has ended."""
        self.file.unlink(missing_ok=True)

    def begin(self, start: Callable[[], Any], tell: Tell) -> Any:
        """Call `start` until Azure takes it: it may be busy, or the resource may have moved."""
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415

        until, pause = time.monotonic() + PATIENCE, self.polling
        while True:
            try:
                return start()
            except HttpResponseError as error:
                again = is_busy(error) or is_moved(error) or is_lagging(error)
                if not again or time.monotonic() > until:
                    raise
                tell("Azure is busy with this cluster, waiting")
                self.pause(retry_after(error) or pause)
                pause = min(pause * 2, 60.0)

    def wait(self, poller: Any, begun: Begun, tell: Tell) -> Any:
        """Wait for the end. Raises ProviderError, InterruptedByUser; the token stays for the next.

        The SDK's own timeout would give back something that is no result (`poller.result(n)`).
        """
        from azure.core.exceptions import (  # noqa: PLC0415
            HttpResponseError,
            ServiceRequestError,
            ServiceResponseError,
        )

        started = news = time.monotonic()
        deadline = started + DEADLINES[begun.kind]
        with told(self.where):
            while not poller.done():
                poller.wait(_TICK)
                self.check()
                now = time.monotonic()
                if now > deadline:
                    raise _too_long(begun, self.where)
                if now - news > _NEWS:
                    news = now
                    tell(f"{begun.what}: under way for {int((now - started) / 60)} min")
                self.keep_alive()
            try:
                result = poller.result()
            except (ServiceRequestError, ServiceResponseError) as error:
                raise ConnectionLostError(str(error), where=self.where) from error
            except HttpResponseError:
                self.forget()
                raise
        self.forget()
        return result

    def until(self, settled: Callable[[], str], tell: Tell) -> None:
        """Ask until `settled` gives an empty text; what it gives otherwise is what is going on."""
        started = time.monotonic()
        said = ""
        while going := settled():
            if going != said:
                tell(f"waiting: {going}")
                said = going
            if time.monotonic() - started > DEADLINES["upgrade"]:
                hint = "az aks operation-abort ends a stuck operation"
                raise ProviderError(f"still in progress: {going}", where=self.where, hint=hint)
            self.pause(self.polling)

    def pause(self, seconds: float) -> None:
        """Sleep, but for Ctrl-C."""
        self.cancelled.wait(seconds)
        self.check()
        self.keep_alive()

    def check(self) -> None:
        """Raise InterruptedByUser when somebody pressed Ctrl-C."""
        if self.cancelled.is_set():
            raise InterruptedByUser("interrupted: what Azure has begun goes on there")


def _data(begun: Begun) -> dict[str, str]:
    return {"what": begun.what, "kind": begun.kind, "name": begun.name, "token": begun.token}


def _too_long(begun: Begun, where: str) -> ProviderError:
    minutes = int(DEADLINES[begun.kind] / 60)
    return ProviderError(
        f"{begun.what} has not ended within {minutes} minutes",
        where=where,
        hint="it goes on at Azure: run the same command again, or az aks operation-abort",
    )
