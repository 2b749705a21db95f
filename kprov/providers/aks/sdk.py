"""Importing parts of the Azure SDK, which is an extra and takes most of a second."""

from __future__ import annotations

import importlib
from typing import Any

from kprov.model.errors import KprovError


def imported(module: str) -> Any:
    """A module of the SDK. Raises KprovError that says how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise KprovError(
            f"`provider: aks` needs the Azure SDK: {error}",
            hint="install it with kprov: pip install 'kprov[aks]'",
        ) from error
