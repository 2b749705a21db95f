"""The fake transport is as strict as the real one."""

from __future__ import annotations

import pytest

from kprov.model.errors import PayloadError
from kprov.model.host import Connection, Host
from kprov.transport.base import AbortedError, Transport
from kprov.transport.fake import FakeTransport
from kprov.transport.local import LocalTransport

HOST = Host("w1", Connection("192.0.2.1"))


def test_answers_come_from_the_function() -> None:
    """It gets payload and boot, its lines are the output, calls are kept."""
    fake = FakeTransport(HOST, lambda payload, boot: [boot, str(len(payload))])
    assert list(fake.stream([b"ab", b"c"], boot="cat")) == ["cat", "3"]
    assert fake.calls == [(b"abc", "cat")]
    assert fake.channels == 1
    assert fake.host is HOST


def test_it_refuses_what_the_real_one_refuses() -> None:
    """Boots that a login shell would change, and streams after close."""
    fake = FakeTransport(HOST, lambda payload, boot: [])
    with pytest.raises(ValueError, match="boot"):
        list(fake.stream([], boot="it's"))
    fake.close()
    assert fake.closed
    with pytest.raises(AbortedError):
        list(fake.stream([], boot="cat"))
    assert fake.channels == 0


def test_errors_and_aborts_come_through() -> None:
    """What the function raises, and an abort between two lines."""

    def fail(payload: bytes, boot: str) -> list[str]:
        raise PayloadError("no", where="w1")

    with pytest.raises(PayloadError):
        list(FakeTransport(HOST, fail).stream([], boot="cat"))
    fake = FakeTransport(HOST, lambda payload, boot: ["one", "two"])
    lines = fake.stream([], boot="cat")
    assert next(lines) == "one"
    fake.abort()
    with pytest.raises(AbortedError):
        next(lines)


def test_all_of_them_fit_the_seam() -> None:
    """Checked by types as well; this keeps the attributes honest."""
    transports: list[Transport] = [FakeTransport(HOST, lambda p, b: []), LocalTransport(HOST)]
    for transport in transports:
        assert transport.channels == 0
        transport.close()
        transport.close()
