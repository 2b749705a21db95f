"""One emulated Azure for each test, and the real SDK's clients for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azure.aks_site import AksSite
from tests.azure.emulator import Emulator
from tests.azure.sdk import Sdk


@pytest.fixture
def azure() -> Iterator[Emulator]:
    """Strict, empty, nothing goes wrong."""
    with Emulator() as made:
        yield made


@pytest.fixture
def sdk(azure: Emulator) -> Sdk:
    """Clients that sign in with the secret, as azure-identity does it."""
    return Sdk(azure)


@pytest.fixture
def site(
    azure: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> AksSite:
    """kprov's command line, signed in by the environment."""
    for name, value in azure.environment.items():
        if name != "REQUESTS_CA_BUNDLE":  # the inventory says which certificate to trust
            monkeypatch.setenv(name, value)
    made = AksSite(azure, tmp_path, capsys)
    made.write()
    return made
