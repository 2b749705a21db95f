"""Resource kinds: one file a family, each with its shell functions in kprov/sh/lib."""

from __future__ import annotations

from collections.abc import Mapping

from kprov.sh.kinds.artifacts import ArtifactKind, ImageKind, PullKind
from kprov.sh.kinds.base import Kind
from kprov.sh.kinds.conditions import CommandKind, WaitKind
from kprov.sh.kinds.files import DirectoryKind, FileKind, LinkKind
from kprov.sh.kinds.kernel import ModuleKind, MountKind, SysctlKind
from kprov.sh.kinds.manifests import LeftoversKind, ManifestKind, RolloutKind
from kprov.sh.kinds.nodes import NodeKind
from kprov.sh.kinds.system import PackageKind, UserKind
from kprov.sh.kinds.units import UnitKind

_ALL: tuple[Kind, ...] = (
    DirectoryKind(), FileKind(), LinkKind(), ArtifactKind(), ImageKind(), PullKind(), UnitKind(),
    SysctlKind(), ModuleKind(), MountKind(), PackageKind(), UserKind(), CommandKind(),
    WaitKind(), ManifestKind(), NodeKind(), RolloutKind(),
    LeftoversKind(),
)  # fmt: skip
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind by name."""

__all__ = ["KINDS", "Kind"]
