"""Time as the emulator knows it: it passes with requests, or as a test says. Nothing sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 1, 8, tzinfo=UTC)


class Clock:
    """A virtual clock. Each ARM request takes `pace` seconds, as if the client had waited for it.

    With the default pace of 10 and an operation of 30 seconds, the third request after it was
    accepted finds it done. With `pace=0` only `advance` moves time.
    """

    def __init__(self, pace: float = 10.0) -> None:
        self.pace = pace
        self.now = 0.0

    def tick(self) -> None:
        """One more request."""
        self.now += self.pace

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def stamp(self, moment: float | None = None) -> str:
        """A moment as ARM writes it, `2026-11-01T08:00:00.0000000Z`."""
        at = START + timedelta(seconds=self.now if moment is None else moment)
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
