"""One emulated Azure for each test, and the real SDK's clients for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
