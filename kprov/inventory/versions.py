"""Which releases kprov knows how to run."""

from __future__ import annotations

from kprov.model.version import Version

KUBERNETES = (20, *range(29, 38))
"""Supported minor releases of Kubernetes v1."""
COMPONENTS = {"etcd": ((3, 4), (3, 6)), "containerd": ((1, 6), (2, 99))}
"""Oldest and newest supported minor release of what kprov configures itself."""

SUPPORTED_TEXT = "v1.20 and v1.29 to v1.37"


def kubernetes_is_supported(version: Version) -> bool:
    """Whether this Kubernetes release can be brought up."""
    return version.major == 1 and version.minor in KUBERNETES


def component_is_supported(name: str, version: Version) -> bool:
    """Whether this release of etcd or containerd is known; other components always are."""
    if name not in COMPONENTS:
        return True
    oldest, newest = COMPONENTS[name]
    return oldest <= (version.major, version.minor) <= newest


def component_text(name: str) -> str:
    """The supported releases of a component, for a message."""
    oldest, newest = COMPONENTS[name]
    last = f"{newest[0]}.x" if newest[1] == 99 else f"{newest[0]}.{newest[1]}"
    return f"{oldest[0]}.{oldest[1]} to {last}"
