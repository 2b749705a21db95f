"""vCPU quota of a region and of a size family.

https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/error-code-quotaexceeded
"""

from __future__ import annotations

import math

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json
from tests.azure.regions import Region, Size
from tests.azure.state import Subscription


def used(subscription: Subscription, region: Region) -> dict[str, int]:
    """vCPUs in use there, by family, all of them under the empty name."""
    sums: dict[str, int] = {"": 0}
    for cluster in subscription.clusters():
        if cluster.location == region.name:
            for pool in cluster.pools.values():
                family, cpus = _cost(pool.properties, pool.properties["count"])
                sums[""] += cpus
                sums[family] = sums.get(family, 0) + cpus
    return sums


def _cost(pool: Json, nodes: int) -> tuple[str, int]:
    size = Size.parse(pool["vmSize"])
    return (size.family, size.cpus * nodes) if size else ("", 0)


def surge(pool: Json) -> int:
    """How many nodes an upgrade adds for a while (aks.md 6.8)."""
    wanted = str((pool.get("upgradeSettings") or {}).get("maxSurge") or "10%")
    if wanted.endswith("%"):
        return math.ceil(int(pool["count"]) * int(wanted[:-1]) / 100)
    return int(wanted)


def check(subscription: Subscription, region: Region, wanted: list[tuple[Json, int]]) -> None:
    """May as many nodes more of each of these pools be started?"""
    sums = used(subscription, region)
    asked: dict[str, int] = {}
    for pool, nodes in wanted:
        family, cpus = _cost(pool, max(nodes, 0))
        asked[""] = asked.get("", 0) + cpus
        asked[family] = asked.get(family, 0) + cpus
    if asked.get("", 0) > region.cpus - sums[""]:
        left = region.cpus - sums[""]
        raise _insufficient(
            f"Insufficient regional vcpu quota left for location {region.name}. left regional vcpu "
            f"quota {left}, requested quota {asked['']}. If you want to increase the quota, please "
            "follow this instruction: https://learn.microsoft.com/azure/quotas/view-quotas."
        )
    for family, limit in region.family_cpus.items():
        left = limit - sums.get(family, 0)
        if asked.get(family, 0) > left:
            raise _insufficient(
                f"Insufficient vcpu quota requested {asked[family]}, remaining {left} for family "
                f"{family} for region {region.name}."
            )


def _insufficient(why: str) -> Refusal:
    surge_too = (
        " Surge nodes would also consume vcpu quota, please consider use smaller maxSurge or use "
        "maxUnavailable to proceed upgrade without surge nodes."
    )
    return Refusal(400, "ErrCode_InsufficientVCPUQuota", why + surge_too)
