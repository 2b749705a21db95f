"""Kubernetes versions that a region offers, and which may follow which.

Rules: https://learn.microsoft.com/azure/aks/supported-kubernetes-versions; aks.md 6.7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json

MAX_POOL_SKEW = 3
"""Minors that a pool may be behind (NodePoolMcVersionIncompatible)."""


def parts(version: str) -> tuple[int, ...]:
    """`1.36.3` as (1, 36, 3)."""
    return tuple(int(part) for part in version.split("."))


def minor(version: str) -> int:
    """36 of `1.36.3` or `1.36`."""
    return parts(version)[1]


@dataclass(frozen=True)
class Release:
    """A minor version with its patches, oldest first."""

    version: str
    patches: tuple[str, ...]
    preview: bool = False
    plans: tuple[str, ...] = ("KubernetesOfficial", "AKSLongTermSupport")

    @property
    def lts_only(self) -> bool:
        """Is it offered to long-term support alone?"""
        return self.plans == ("AKSLongTermSupport",)


@dataclass(frozen=True)
class Catalogue:
    """What is offered."""

    releases: tuple[Release, ...]
    default: str

    def patches(self) -> list[str]:
        """All full versions, oldest first."""
        return [patch for release in self.releases for patch in release.patches]

    def resolve(self, wanted: str) -> str | None:
        """The full version for nothing (default), `1.36` or `1.36.3`; None when not offered."""
        release = next(
            (each for each in self.releases if each.version == (wanted or self.default)), None
        )
        if release is not None:
            return release.patches[-1]
        return wanted if wanted in self.patches() else None

    def release(self, version: str) -> Release | None:
        """The minor that a full version belongs to."""
        return next((each for each in self.releases if version in each.patches), None)

    def upgrades(self, current: str) -> list[str]:
        """Where one may go from there: later patches, and all of the next minor."""
        return [
            version
            for version in self.patches()
            if parts(version) > parts(current) and minor(version) - minor(current) <= 1
        ]

    def listed(self) -> Json:
        """The answer of kubernetesVersions."""
        return {"values": [self._value(release) for release in self.releases]}

    def _value(self, release: Release) -> Json:
        value: Json = {
            "version": release.version,
            "capabilities": {"supportPlan": list(release.plans)},
            "patchVersions": {
                patch: {"upgrades": self.upgrades(patch)} for patch in release.patches
            },
        }
        if release.version == self.default:
            value["isDefault"] = True
        if release.preview:
            value["isPreview"] = True
        return value


CATALOGUE = Catalogue(
    (
        Release("1.33", ("1.33.10", "1.33.11"), plans=("AKSLongTermSupport",)),
        Release("1.34", ("1.34.9", "1.34.10")),
        Release("1.35", ("1.35.6", "1.35.7")),
        Release("1.36", ("1.36.2", "1.36.3")),
        Release("1.37", ("1.37.0",), preview=True),
    ),
    default="1.35",
)


def not_offered(name: str, version: str, *, lts: bool = False) -> Refusal:
    """K8sVersionNotSupported (Microsoft-Defender-for-Cloud#923, pulumi-azure-native#3550)."""
    why = (
        "is only available for Long-Term Support (LTS)"
        if lts
        else "is not supported in this region"
    )
    return Refusal(
        400,
        "K8sVersionNotSupported",
        f"Managed cluster {name} is on version {version} which {why}. Please use [az aks "
        "get-versions] command to get the supported version list in this region. For more "
        "information, please check https://aka.ms/supported-version-list",
    )


def pool_not_offered(version: str) -> Refusal:
    """AgentPoolK8sVersionNotSupported (application-gateway-kubernetes-ingress#696)."""
    return Refusal(
        400,
        "AgentPoolK8sVersionNotSupported",
        f"Version {version} is not supported in this region. Please use [az aks get-versions] "
        "command to get the supported version list in this region. For more information, please "
        "check https://aka.ms/supported-version-list",
    )


def upgrade_not_allowed(current: str, wanted: str, available: Iterable[str]) -> Refusal:
    """A minor skipped, or a way back.

    https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete
    """
    listed = " ".join(sorted(available, key=parts, reverse=True))
    return Refusal(
        400,
        "OperationNotAllowed",
        f"Upgrading Kubernetes version {current} to {wanted} is not allowed. Available upgrades: "
        f"[{listed}]. Please see https://aka.ms/aks-supported-k8s-ver for version details.",
        target="properties.kubernetesVersion",
    )


def check_skew(pool: str, control_plane: str) -> None:
    """A pool is never newer than the control plane, and not too old for it."""
    behind = minor(control_plane) - minor(pool)
    if behind < 0 or (behind == 0 and parts(pool) > parts(control_plane)):
        why = "Minor version of node pool cannot be bigger than control plane's version."
    elif behind > MAX_POOL_SKEW:
        why = (
            f"Minor version of node pool cannot be more than {MAX_POOL_SKEW} versions less than "
            "control plane's version."
        )
    else:
        return
    raise Refusal(
        400,
        "NodePoolMcVersionIncompatible",
        f"Node pool version {pool} and control plane version {control_plane} are incompatible. "
        f"{why} Minor version of node pool is {minor(pool)} and control plane is "
        f"{minor(control_plane)}. For more information, please check "
        "https://aka.ms/aks/UpgradeVersionRules",
    )
