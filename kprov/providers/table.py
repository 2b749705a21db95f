"""Which provider makes a cluster; each is imported only when a cluster asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

from kprov.model.cluster import ClusterSpec
from kprov.providers.base import Provider

_MODULES = {"aks": "kprov.providers.aks.provider"}
"""Module with `make(spec, directory, state) -> Provider`."""


def provider_of(spec: ClusterSpec, directory: Path, state: Path) -> Provider:
    """The provider of a cluster; relative paths start in `directory`, `state` is its own folder."""
    make: Callable[[ClusterSpec, Path, Path], Provider]
    make = importlib.import_module(_MODULES[spec.provider]).make
    return make(spec, directory, state)
