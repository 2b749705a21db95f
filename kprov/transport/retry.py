"""How long to wait for a machine that is booting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Retry:
    """Tries after growing pauses: at 0, 0.4, 1.2 and 2.8 s with the defaults."""

    seconds: float = 3.0
    """No new try begins later than this after the first one began."""
    first_pause: float = 0.4
    factor: float = 2.0

    def pauses(self) -> Iterator[float]:
        """Seconds to wait after the first try, the second, and so on without end."""
        pause = self.first_pause
        while True:
            yield pause
            pause *= self.factor
