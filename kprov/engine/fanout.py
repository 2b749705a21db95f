"""One function over many hosts at once; results keep their host, errors too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from kprov.model.errors import KprovError

Result = TypeVar("Result")

MOST_AT_ONCE = 64
"""Threads at the same time; a thread here mostly waits for its host."""


def fanout(
    function: Callable[[str], Result], hosts: Iterable[str], *, abort: Callable[[], None]
) -> tuple[dict[str, Result], dict[str, KprovError]]:
    """Call `function` for every host; KprovErrors are collected, anything else is raised.

    On Ctrl-C `abort` is called, which has to end the calls that still run: they are waited for.
    """
    names = list(hosts)
    results: dict[str, Result] = {}
    errors: dict[str, KprovError] = {}
    if not names:
        return results, errors
    with ThreadPoolExecutor(min(len(names), MOST_AT_ONCE)) as pool:
        futures = {pool.submit(function, name): name for name in names}
        try:
            for future in as_completed(futures):
                name = futures[future]
                try:
                    results[name] = future.result()
                except KprovError as error:
                    errors[name] = error
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            abort()
            raise
    order = {name: place for place, name in enumerate(names)}
    return (
        {name: results[name] for name in sorted(results, key=order.__getitem__)},
        {name: errors[name] for name in sorted(errors, key=order.__getitem__)},
    )
