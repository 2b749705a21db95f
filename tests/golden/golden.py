"""Golden files: what was written once is compared; `make golden` writes them anew."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest


def compare(path: Path, text: str) -> None:
    """Fail with a diff when `text` is not what `path` holds."""
    if os.environ.get("KPROV_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return
    if not path.is_file():
        pytest.fail(f"no golden file {path}: run `make golden` and read what it writes")
    wanted = path.read_text()
    if wanted != text:
        lines = difflib.unified_diff(
            wanted.splitlines(), text.splitlines(), str(path), "now", lineterm=""
        )
        pytest.fail("\n".join([*lines, "", "if this is right: `make golden`"]))
