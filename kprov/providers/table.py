"""Which provider makes a cluster; each is imported only when a cluster asks for it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from kprov.model.cluster import ClusterSpec
from kprov.model.failover import FailoverSpec
from kprov.providers.base import Provider

_MODULES = {"aks": "kprov.providers.aks.provider"}
"""Module with `make(spec, directory, state) -> Provider`."""


FAILOVER = "failover"
"""What leads users to the clusters: it comes after all of them."""


def failover_of(
    failover: FailoverSpec,
    clusters: Sequence[ClusterSpec],
    directory: Path,
    addresses: Callable[[str, str], str | None],
) -> Provider:
    """The provider of what is in front of several clusters; it lives where the first one does."""
    azure = importlib.import_module("kprov.providers.aks.client")
    traffic = importlib.import_module("kprov.providers.aks.traffic")
    made: Provider = traffic.TrafficManager(
        failover.traffic_manager,
        tuple(clusters),
        azure.Azure(clusters[0].azure, directory),
        addresses,
    )
    return made


def provider_of(spec: ClusterSpec, directory: Path, state: Path) -> Provider:
    """The provider of a cluster; relative paths start in `directory`, `state` is its own folder."""
    make: Callable[[ClusterSpec, Path, Path], Provider]
    make = importlib.import_module(_MODULES[spec.provider]).make
    return make(spec, directory, state)
