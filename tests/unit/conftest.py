"""Fakes that several packages' tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite, fake_connector, fake_mirror
from tests.unit.engine.web_folder import WebFolder


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one release of everything."""
    return fake_mirror(tmp_path_factory.mktemp("mirror"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests, as a user has one for all clusters."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def site(
    tmp_path: Path,
    mirror: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> FakeSite:
    """One control plane and two workers, nothing done yet; SSH leads to fakes."""
    made = FakeSite(tmp_path, mirror, capsys)
    made.write("cp1", "w1", "w2")
    monkeypatch.setenv("KPROV_CACHE", str(cache))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("kprov.transport.ssh.SshConnector", fake_connector(made))
    return made


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebFolder]:
    """A folder that a web server on loopback has."""
    (tmp_path / "www").mkdir()
    web = WebFolder(tmp_path / "www")
    yield web
    web.close()
