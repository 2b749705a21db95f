"""Jobs side by side: order, errors, limit, and jobs that do not end."""

from __future__ import annotations

import threading
import time

from kprov.engine.verify.parallel import outcomes


def test_outcomes_come_as_jobs_end():
    """The quick one first, whatever its place in the list."""
    gate = threading.Event()

    def slow() -> str:
        gate.wait(10)
        return "slow"

    seen = []
    for index, outcome in outcomes([slow, lambda: "quick"], limit=2, patience=30):
        seen.append((index, outcome))
        gate.set()
    assert seen == [(1, "quick"), (0, "slow")]


def test_an_error_is_an_outcome_and_the_others_go_on():
    """One job raises: its exception comes back in its place."""

    def bad() -> str:
        raise ValueError("no")

    found = dict(outcomes([bad, lambda: "good"], limit=1, patience=30))
    assert isinstance(found[0], ValueError)
    assert found[1] == "good"


def test_no_more_than_the_limit_run_at_once():
    """Four jobs, two at a time: never three."""
    lock, running, most = threading.Lock(), [0], [0]
    pair = threading.Barrier(2)

    def job() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        pair.wait(10)
        with lock:
            running[0] -= 1

    assert len(list(outcomes([job] * 4, limit=2, patience=30))) == 4
    assert most[0] == 2


def test_a_job_that_never_ends_is_left_behind():
    """It yields a TimeoutError after the patience, and its thread holds up nobody."""
    gate = threading.Event()
    started = time.monotonic()
    found = dict(outcomes([lambda: gate.wait(30), lambda: True], limit=2, patience=0.3))
    gate.set()
    assert isinstance(found[0], TimeoutError)
    assert found[1] is True
    assert time.monotonic() - started < 10


def test_no_jobs_no_outcomes():
    """An empty list ends at once."""
    assert list(outcomes([], limit=4, patience=0)) == []
