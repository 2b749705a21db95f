"""What the service refuses of agent pools. Each rule names its source.

General: https://learn.microsoft.com/azure/aks/use-system-pools ("system pools"),
https://learn.microsoft.com/azure/aks/create-node-pools, aks.md 6.3 to 6.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json
from tests.azure.merging import at, differs
from tests.azure.regions import Region, Size
from tests.azure.state import Pool

_LINUX_NAME = re.compile(r"[a-z][a-z0-9]{0,11}")
_WINDOWS_NAME = re.compile(r"[a-z][a-z0-9]{0,5}")
_TAINT = re.compile(r"[^=:\s]+(=[^=:\s]*)?:(NoSchedule|PreferNoSchedule|NoExecute)")
_SURGE = re.compile(r"\d+%?")
_IN_PLACE_SKUS = ({"Ubuntu", "AzureLinux"}, {"Ubuntu", "Ubuntu2204", "Ubuntu2404"})
IMMUTABLE = (
    "vmSize",
    "osDiskSizeGB",
    "osDiskType",
    "kubeletDiskType",
    "osType",
    "type",
    "maxPods",
    "vnetSubnetID",
    "podSubnetID",
    "availabilityZones",
    "enableNodePublicIP",
    "nodePublicIPPrefixID",
    "scaleSetPriority",
    "scaleSetEvictionPolicy",
    "spotMaxPrice",
    "enableEncryptionAtHost",
    "enableUltraSSD",
    "enableFIPS",
    "kubeletConfig",
    "linuxOSConfig",
    "gpuInstanceProfile",
    "proximityPlacementGroupID",
    "hostGroupID",
    "capacityReservationGroupID",
    "workloadRuntime",
)
"""Class P of aks.md 5: a change needs a new pool."""


def check_name(name: str, os_type: str) -> None:
    """https://aka.ms/aks-naming-rules: Linux up to 12 characters, Windows up to 6."""
    pattern, length = (_WINDOWS_NAME, 6) if os_type == "Windows" else (_LINUX_NAME, 12)
    if not pattern.fullmatch(name):
        raise Refusal.invalid_parameter(
            "agentPoolProfile.name",
            f"The value of parameter agentPoolProfile.name is invalid: '{name}'. It must start "
            f"with a lowercase letter, have only lowercase letters and numbers, and at most "
            f"{length} characters for {os_type}. Please see https://aka.ms/aks-naming-rules for "
            "more details.",
        )


def check_new(name: str, pool: Json, region: Region) -> None:
    """A pool that is to be made, with the service's defaults filled in."""
    check_name(name, pool["osType"])
    if pool["type"] == "AvailabilitySet":
        raise Refusal.bad_request(
            "AvailabilitySet agent pools are retired. Use VirtualMachineScaleSets. See "
            "https://aka.ms/aks/availability-set-retirement",
            target="agentPoolProfile.type",
        )
    if not pool.get("vmSize"):
        raise Refusal.invalid_parameter(
            "agentPoolProfile.vmSize",
            "Required parameter agentPoolProfile.vmSize is missing (null).",
        )
    check_size(name, pool, region)
    _check_zones(name, pool, region)
    _check_disk(pool)
    check_values(name, pool)


def check_values(name: str, pool: Json) -> None:
    """What must hold after every change."""
    _check_count(name, pool)
    _check_taints(pool)
    _check_spot(name, pool)
    if pool["mode"] == "System":
        _check_system(name, pool)
    if not 10 <= pool["maxPods"] <= 250:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.maxPods", "maxPods must be between 10 and 250."
        )
    surge = at(pool, "upgradeSettings.maxSurge")
    if surge is not None and not _SURGE.fullmatch(str(surge)):
        raise Refusal.invalid_parameter(
            "agentPoolProfile.upgradeSettings.maxSurge",
            f"The value of parameter maxSurge is invalid: '{surge}'. A number or a percentage.",
        )


def check_size(name: str, pool: Json, region: Region) -> Size:
    """The size exists, and the subscription may use it (troubleshooting: VMSizeNotSupported)."""
    size = Size.parse(pool["vmSize"])
    if size is None or size.name in region.without:
        raise Refusal.bad_request(
            f"The VM size of {pool['vmSize']} is not allowed in your subscription in location "
            f"'{region.name}'. The available VM sizes are 'standard_d2s_v5,standard_d4s_v5,"
            "standard_d8s_v5'. For more details, please visit "
            "https://aka.ms/cpu-quota",
            target=f"agentPoolProfile.{name}.vmSize",
        )
    return size


def _check_zones(name: str, pool: Json, region: Region) -> None:
    """AvailabilityZoneNotSupported: learn.microsoft.com/troubleshoot/azure/azure-kubernetes."""
    wanted = [str(zone) for zone in pool.get("availabilityZones") or []]
    missing = [zone for zone in wanted if zone not in region.zones]
    if missing:
        raise Refusal(
            400,
            "AvailabilityZoneNotSupported",
            f"The zone(s) '{','.join(missing)}' for resource '{name}' is not supported. The "
            f"supported zones for location '{region.name}' are '{','.join(region.zones)}'",
        )


def _check_disk(pool: Json) -> None:
    """https://learn.microsoft.com/azure/aks/concepts-storage: 30 to 2048 GiB, 0 for the default."""
    size = pool["osDiskSizeGB"]
    if not 30 <= size <= 2048:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.osDiskSizeGB", "osDiskSizeGB must be 0 or between 30 and 2048."
        )


def _check_count(name: str, pool: Json) -> None:
    """User pools 0 to 1000, System 1 to 1000; the autoscaler's bounds (aks.md 6.4)."""
    low = 1 if pool["mode"] == "System" else 0
    low_target = "agentPoolProfile.count"
    if not low <= pool["count"] <= 1000:
        raise Refusal.invalid_parameter(
            low_target,
            f"The value of parameter {low_target} is invalid: {pool['count']}. It must be between "
            f"{low} and 1000 for a {pool['mode']} node pool.",
        )
    least, most = pool.get("minCount"), pool.get("maxCount")
    if not pool["enableAutoScaling"]:
        if least is not None or most is not None:
            raise Refusal.invalid_parameter(
                "agentPoolProfile.minCount",
                f"minCount and maxCount of agent pool {name} must not be set when "
                "enableAutoScaling is false.",
            )
        return
    if least is None or most is None:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.minCount",
            f"minCount and maxCount of agent pool {name} are required when enableAutoScaling is "
            "true.",
        )
    if least > most or most > 1000 or least < low:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.minCount",
            f"minCount {least} and maxCount {most} of agent pool {name} are invalid: {low} <= "
            "minCount <= maxCount <= 1000.",
        )


def check_enabled_autoscaler(name: str, before: Json | None, after: Json) -> None:
    """On enable, min <= count <= max (aks.md 6.4)."""
    if not after["enableAutoScaling"] or (before and before["enableAutoScaling"]):
        return
    if not after["minCount"] <= after["count"] <= after["maxCount"]:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.count",
            f"The value of parameter agentPoolProfile.count is invalid: {after['count']} of agent "
            f"pool {name} is not between minCount {after['minCount']} and maxCount "
            f"{after['maxCount']}.",
        )


def _check_taints(pool: Json) -> None:
    for taint in pool.get("nodeTaints") or []:
        if not _TAINT.fullmatch(taint):
            raise Refusal.invalid_parameter(
                "agentPoolProfile.nodeTaints",
                f"The value of parameter agentPoolProfile.nodeTaints is invalid: '{taint}'. A "
                "taint is key=value:effect.",
            )


def _check_spot(name: str, pool: Json) -> None:
    """https://learn.microsoft.com/azure/aks/spot-node-pool#limitations."""
    if pool.get("scaleSetPriority") != "Spot":
        return
    price = pool["spotMaxPrice"]
    if price != -1 and price <= 0:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.spotMaxPrice",
            f"spotMaxPrice {price} of agent pool {name} is invalid: -1 or greater than zero.",
        )


def _check_system(name: str, pool: Json) -> None:
    """https://learn.microsoft.com/azure/aks/use-system-pools#system-and-user-node-pools."""
    if pool["osType"] != "Linux":
        raise Refusal.bad_request(f"System node pool {name} must be Linux.", target="osType")
    if pool.get("scaleSetPriority") == "Spot":
        raise Refusal.bad_request(
            f"Spot priority is not supported for system node pool {name}.",
            target="agentPoolProfile.scaleSetPriority",
        )
    size = Size.parse(pool["vmSize"])
    if size is not None and (size.cpus < 2 or size.memory_gib < 4 or size.series == "A"):
        raise Refusal(
            400,
            "BadRequest",
            f"The VM size {size.name} of system node pool {name} is too small: system node pools "
            "need at least 2 vCPUs and 4 GB of memory.",
            target="agentPoolProfile.vmSize",
        )
    if pool["maxPods"] < 30:
        raise Refusal.invalid_parameter(
            "agentPoolProfile.maxPods", f"System node pool {name} needs maxPods of at least 30."
        )


def check_change(name: str, before: Json, after: Json) -> None:
    """What may not change (PropertyChangeNotAllowed, pulumi-azure-native#959)."""
    for field in IMMUTABLE:
        if differs(before.get(field), after.get(field)):
            raise Refusal.unchangeable(f"properties.{field}")
    old, new = before["osSKU"], after["osSKU"]
    if old != new and not any({old, new} <= group for group in _IN_PLACE_SKUS):
        raise Refusal.unchangeable("agentPoolProfile.OSSKU")
    if before["nodeImageVersion"] != after["nodeImageVersion"]:
        raise Refusal.bad_request(
            f"NodeImageVersion is not accepted: {after['nodeImageVersion']} was never an image of "
            f"agent pool {name}.",
            target="properties.nodeImageVersion",
        )
    scaled = before["count"] != after["count"]
    if scaled and before["enableAutoScaling"] and after["enableAutoScaling"]:
        raise Refusal.bad_request(
            f"Agent pool {name} is scaled by the cluster autoscaler; its count cannot be set.",
            target="properties.count",
        )


def check_one_system(pools: Iterable[Json]) -> None:
    """AKS#1602: `Must define at least one system pool.`."""
    if not any(pool["mode"] == "System" for pool in pools):
        raise Refusal.bad_request(
            "Must define at least one system pool.", target="properties.agentPoolProfiles"
        )


def check_not_last_system(doomed: Pool, pools: Iterable[Pool]) -> None:
    """The last system pool can neither go nor become a user pool (use-system-pools; AKS#2560)."""
    rest = [pool for pool in pools if pool is not doomed]
    if not rest:
        raise Refusal(400, "OperationNotAllowed", "There has to be at least one agent pool.")
    if not any(pool.properties["mode"] == "System" for pool in rest):
        raise Refusal(
            400,
            "OperationNotAllowed",
            "There has to be at least one system node pool. For more information, please check "
            "https://aka.ms/aks/system-node-pool",
            target=f"agentPools.{doomed.name}",
        )
