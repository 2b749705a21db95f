"""Where the shipped roles and templates are: in the wheel, or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def share(folder: str) -> Path:
    """The folder `roles`, `templates` or `addons` that travels with kprov."""
    shipped = _PACKAGE / "_share" / folder
    return shipped if shipped.is_dir() else _PACKAGE.parent / folder
