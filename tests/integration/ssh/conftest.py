"""What every test of the transport over SSH begins with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ssh.sshd import Site, Sshd, make_key


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent of whoever runs the tests stays out of them."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    """A running sshd."""
    daemon = Sshd(tmp_path / "sshd").start()
    yield daemon
    daemon.stop()


@pytest.fixture
def key(tmp_path: Path, sshd: Sshd) -> Path:
    """A private key that it lets in."""
    return sshd.authorize(make_key(tmp_path / "key"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Where we connect from; its connections are closed afterwards."""
    made = Site(tmp_path)
    yield made
    made.close()
