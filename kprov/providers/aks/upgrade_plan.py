"""Versions in a plan: hop by hop, the control plane first, then the pools that lag."""

from __future__ import annotations

from kprov.model.cluster import ClusterSpec
from kprov.providers.aks.desired import version_of
from kprov.providers.aks.draft import Draft
from kprov.providers.aks.observed import Observed, pool_version
from kprov.providers.aks.pool_plan import staying
from kprov.providers.aks.versions import (
    has_patch,
    hops,
    is_offered,
    is_older,
    levels,
)

_MOVING = ("rapid", "stable")
"""Upgrade channels that move the minor by themselves (AKS: automatic upgrade channels)."""


def plan_upgrade(draft: Draft, spec: ClusterSpec, seen: Observed) -> None:
    """Every hop of the control plane and of the pools that stay."""
    wanted = version_of(spec)
    control: tuple[str, ...] = ()
    if wanted is not None:
        if is_older(wanted, seen.version):
            _refuse_downgrade(draft, spec, wanted, seen.version)
            return
        control = hops(seen.version, wanted)
        for hop in control:
            check_offered(draft, spec, hop, seen)
    pools = _pool_hops(spec, seen, wanted)
    before = seen.version
    for level in levels((control, *pools.values())):
        if level in control:
            properties = {"kubernetesVersion": level}
            words = f"upgrade the control plane {before} -> {level}"
            draft.upgrade(f"control-plane/{level}", {"properties": properties}, words)
            before = level
        for name, ways in pools.items():
            if level in ways:
                words = f"upgrade the nodes to {level}, one after the other"
                draft.upgrade(f"{name}/{level}", {"orchestratorVersion": level}, words, pool=name)


def check_offered(draft: Draft, spec: ClusterSpec, version: str, seen: Observed) -> None:
    """A problem when the region does not have this version: says which it has."""
    if not seen.offered or is_offered(version, seen.offered):
        return
    assert spec.azure is not None
    known = [patches[0] if patches else minor for minor, patches in seen.offered.items()]
    if has_patch(version):
        minor = version.rpartition(".")[0]
        known = list(seen.offered.get(minor, ())) or known
    what = f"Kubernetes {version} is not offered in {spec.azure.region}"
    draft.problem(what, f"offered: {', '.join(known)}")


def _refuse_downgrade(draft: Draft, spec: ClusterSpec, wanted: str, current: str) -> None:
    assert spec.azure is not None
    if spec.azure.upgrade_channel in _MOVING:
        return
    what = f"the cluster runs Kubernetes {current}, the inventory says {wanted}"
    minor = current.rpartition(".")[0]
    draft.problem(what, f'there is no way back: write kubernetes: "{minor}"')


def _pool_hops(spec: ClusterSpec, seen: Observed, wanted: str | None) -> dict[str, tuple[str, ...]]:
    """Azure's name of a pool to its hops."""
    found = {}
    for name, pool in staying(spec, seen).items():
        target = pool.kubernetes or wanted
        if target is not None:
            found[name] = hops(pool_version(seen.pools[name]), target)
    return found
