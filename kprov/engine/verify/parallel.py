"""Runs jobs side by side in threads that never hold up the end of the program."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def outcomes(
    jobs: Sequence[Callable[[], T]], *, limit: int, patience: float
) -> Iterator[tuple[int, T | Exception]]:
    """Yield (index of the job, what it returned or raised) in the order the jobs end.

    At most `limit` run at once. Jobs that have not ended after `patience` seconds yield a
    TimeoutError and are left behind: their threads are daemons.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    ended: queue.SimpleQueue[tuple[int, T | Exception]] = queue.SimpleQueue()
    for index in range(len(jobs)):
        waiting.put(index)
    for number in range(min(limit, len(jobs))):
        worker = threading.Thread(
            target=_work, args=(jobs, waiting, ended), name=f"verify-{number}", daemon=True
        )
        worker.start()
    missing = set(range(len(jobs)))
    deadline = time.monotonic() + patience
    while missing:
        try:
            index, outcome = ended.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        missing.discard(index)
        yield index, outcome
    for index in sorted(missing):
        yield index, TimeoutError(f"no end after {patience:.0f} s")


def _work(
    jobs: Sequence[Callable[[], T]],
    waiting: queue.SimpleQueue[int],
    ended: queue.SimpleQueue[tuple[int, T | Exception]],
) -> None:
    while True:
        try:
            index = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            ended.put((index, jobs[index]()))
        except Exception as error:  # noqa: BLE001  handed to the thread that asked
            ended.put((index, error))
