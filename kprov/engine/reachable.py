"""Which of several addresses answers: for commands that speak to the API and look at no host."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

SECONDS = 2.0
"""How long an address may take to answer."""


def first_answering(addresses: Sequence[str], port: int, authority: str) -> str:
    """The first address where a server of the cluster speaks TLS; the first of all where none does.

    `authority` is the PEM that its certificate has to come from. A connection alone proves nothing:
    an apiserver opens its port before it finds that it cannot start. A single address is not asked.
    """
    if len(addresses) == 1:
        return addresses[0]
    context = ssl.create_default_context(cadata=authority)
    with ThreadPoolExecutor(len(addresses)) as pool:
        answers = pool.map(lambda address: _answers(address, port, context), addresses)
        return next((a for a, there in zip(addresses, answers, strict=True) if there), addresses[0])


def _answers(address: str, port: int, context: ssl.SSLContext) -> bool:
    with (
        contextlib.suppress(OSError),  # what TLS has to say is one as well
        socket.create_connection((address, port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=address),
    ):
        return True
    return False
