"""Which control plane commands speak to: one that serves, not one that only has its port open."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kprov.engine.reachable import first_answering
from kprov.model.cluster import ClusterSpec
from kprov.pki.request import CertificateRequest
from kprov.pki.store import Pki
from kprov.state.folder import PrivateFolder

DYING, FOREIGN, GOOD, NOBODY = (f"127.0.0.{number}" for number in (2, 3, 4, 5))


def pki(folder: Path) -> Pki:
    return Pki.open(PrivateFolder(folder), ClusterSpec(), now=datetime.now(UTC))


def serving(its: Pki, address: str, folder: Path) -> ssl.SSLContext:
    """What an apiserver at that address serves with."""
    leaf = its.leaf(CertificateRequest(
        name="kube-apiserver", authority="kubernetes", common_name="kube-apiserver",
        alternative_names=(address,), usage="server", lifetime=timedelta(hours=1),
    ))  # fmt: skip
    path = folder / f"{address}.pem"
    path.write_text(leaf.cert_pem + leaf.key_pem.reveal())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@contextlib.contextmanager
def listening(address: str, port: int, context: ssl.SSLContext | None) -> Iterator[int]:
    """A server; without a context it hangs up on everybody."""
    with socket.create_server((address, port)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with contextlib.suppress(OSError), connection:
                        if context:
                            context.wrap_socket(connection, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """One port: at one address it is only open, at one somebody else serves, at one it is ours."""
    ours, others = pki(tmp_path / "ours"), pki(tmp_path / "others")
    good, foreign = serving(ours, GOOD, tmp_path), serving(others, FOREIGN, tmp_path)
    ours.save()
    with (
        listening(GOOD, 0, good) as found,
        listening(DYING, found, None),
        listening(FOREIGN, found, foreign),
    ):
        yield found


def test_one_that_serves(port: int, tmp_path: Path) -> None:
    """Neither a port without a server behind it, nor a server of another authority."""
    authority = pki(tmp_path / "ours").authority("kubernetes").cert_pem
    assert first_answering([NOBODY, DYING, FOREIGN, GOOD], port, authority) == GOOD


def test_none_serves(port: int, tmp_path: Path) -> None:
    """Then the first: the error of whoever uses it names an address of the inventory."""
    authority = pki(tmp_path / "ours").authority("kubernetes").cert_pem
    assert first_answering([DYING, FOREIGN], port, authority) == DYING
