"""Which of several addresses answers: for commands that speak to the API and look at no host."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

SECONDS = 2.0
"""How long an address may take to answer."""


def first_answering(addresses: Sequence[str], port: int) -> str:
    """The first address that takes a connection; the first of all where none does, or only one."""
    if len(addresses) == 1:
        return addresses[0]
    with ThreadPoolExecutor(len(addresses)) as pool:
        answers = pool.map(lambda address: _answers(address, port), addresses)
        return next((a for a, there in zip(addresses, answers, strict=True) if there), addresses[0])


def _answers(address: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, port), SECONDS):
        return True
    return False
