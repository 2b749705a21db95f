"""Which version a PUT leads to, for a control plane and for a pool.

`1.36` and `` mean: that minor, or the one there is; they never move a patch by themselves
(docstring of ManagedClusterProperties.kubernetesVersion; aks.md 6.7).
"""

from __future__ import annotations

from tests.azure import versions
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json
from tests.azure.regions import Region


def _stays(wanted: str | None, current: str) -> bool:
    return not wanted or wanted == current or current.startswith(f"{wanted}.")


def first_version(name: str, wanted: str | None, region: Region, *, lts: bool) -> str:
    """The full version of a new cluster."""
    found = region.versions.resolve(wanted or "")
    if found is None:
        raise versions.not_offered(name, str(wanted))
    release = region.versions.release(found)
    if release is not None and release.lts_only and not lts:
        raise versions.not_offered(name, found, lts=True)
    return found


def control_plane(name: str, current: str, wanted: str | None, region: Region, *, lts: bool) -> str:
    """The full version after a PUT; one minor at a time, never back."""
    if _stays(wanted, current):
        return current
    target = first_version(name, wanted, region, lts=lts)
    available = region.versions.upgrades(current)
    if target not in available:
        raise versions.upgrade_not_allowed(current, target, available)
    return target


def first_pool_version(wanted: str | None, control: str, region: Region) -> str:
    """The full version of a new pool: that of the control plane if it says nothing."""
    if _stays(wanted, control):
        return control
    target = region.versions.resolve(str(wanted))
    if target is None:
        raise versions.pool_not_offered(str(wanted))
    versions.check_skew(target, control)
    return target


def pool(name: str, properties: Json, wanted: str | None, control: str, region: Region) -> str:
    """The full version of a pool after a PUT: up to that of the control plane, no minor skipped."""
    current = properties["currentOrchestratorVersion"]
    if _stays(wanted, current):
        return str(current)
    if wanted and control.startswith(f"{wanted}."):
        target: str | None = control
    else:
        target = wanted if wanted == control else region.versions.resolve(str(wanted))
    if target is None:
        raise versions.pool_not_offered(str(wanted))
    versions.check_skew(target, control)
    skipped = versions.minor(target) - versions.minor(current) > 1
    if skipped or versions.parts(target) < versions.parts(current):
        available = " ".join(region.versions.upgrades(current))
        raise Refusal(
            400,
            "AgentPoolUpgradeVersionNotAllowed",
            f"Upgrading agent pool {name} from version {current} to {target} is not allowed. "
            f"Available upgrades: [{available}]. Please see "
            "https://aka.ms/aks-supported-k8s-ver for version details.",
            target="properties.orchestratorVersion",
        )
    return target
