"""A folder of roles for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lang.role_folder import RoleFolder


@pytest.fixture
def roles(tmp_path: Path) -> RoleFolder:
    """An empty one."""
    return RoleFolder(tmp_path)
