"""What it takes to change each setting of a cluster or pool: the classes of change, as data.

Sources: AKS documentation, SDK docstrings ("This cannot be updated once..."), the provider of
Terraform and Cluster API's webhooks for AKS, where they agree.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class ChangeClass(enum.Enum):
    """What it takes."""

    IN_PLACE = "M"
    """Azure changes it while the cluster runs."""
    NEW_POOL = "P"
    """Nodes cannot change it: another pool takes over."""
    NEW_CLUSTER = "C"
    """Only a new cluster has another value."""
    MIGRATION = "L"
    """Some ways are open, others need a new cluster."""


@dataclass(frozen=True, slots=True)
class Row:
    """A setting by its path in the API; everything below the path has its class too."""

    path: str
    cls: ChangeClass
    ways: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    """Migrations that Azure documents, from and to; `*` is anything, an empty text is unset."""
    why: str = ""


_M, _P, _C, _L = ChangeClass


def _ways(*pairs: tuple[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairs)


# fmt: off
CLUSTER: tuple[Row, ...] = (
    Row("location", _C),
    Row("sku.name", _L, _ways(("base", "automatic"), ("", "automatic")), "AKS Automatic"),
    Row("sku.tier", _M),
    Row("tags", _M),
    Row("identity.type", _L, _ways(("*", "systemassigned"), ("*", "userassigned")),
        "update a managed identity: no way back to a service principal"),
    Row("identity.userAssignedIdentities", _L, _ways(("*", "*"))),
    Row("properties.dnsPrefix", _C),
    Row("properties.fqdnSubdomain", _C),
    Row("properties.kubernetesVersion", _M),
    Row("properties.supportPlan", _M),
    Row("properties.identityProfile", _L, _ways(("*", "*"))),
    Row("properties.nodeResourceGroup", _C),
    Row("properties.enableRBAC", _C),
    Row("properties.aadProfile", _M),
    Row("properties.disableLocalAccounts", _M),
    Row("properties.networkProfile.networkPlugin", _L, _ways(("kubenet", "azure")),
        "upgrade kubenet to Azure CNI overlay"),
    Row("properties.networkProfile.networkPluginMode", _L, _ways(("", "overlay")),
        "upgrade Azure CNI to overlay: no way back"),
    Row("properties.networkProfile.networkPolicy", _L,
        _ways(("", "azure"), ("", "calico"), ("", "cilium"), ("azure", "cilium"),
              ("calico", "cilium"), ("azure", ""), ("calico", "")),
        "migrate network policies"),
    Row("properties.networkProfile.networkDataplane", _L,
        _ways(("", "cilium"), ("azure", "cilium")), "upgrade to the Cilium dataplane: no way back"),
    Row("properties.networkProfile.podCidr", _L, _ways(("", "*")),
        "set with the change to overlay"),
    Row("properties.networkProfile.podCidrs", _L, _ways(("", "*"))),
    Row("properties.networkProfile.serviceCidr", _C),
    Row("properties.networkProfile.serviceCidrs", _C),
    Row("properties.networkProfile.dnsServiceIP", _C),
    Row("properties.networkProfile.ipFamilies", _C),
    Row("properties.networkProfile.outboundType", _L,
        _ways(("loadbalancer", "managednatgateway"), ("loadbalancer", "userdefinedrouting"),
              ("loadbalancer", "userassignednatgateway"), ("managednatgateway", "loadbalancer"),
              ("managednatgateway", "userdefinedrouting"),
              ("userdefinedrouting", "loadbalancer"), ("userdefinedrouting", "managednatgateway"),
              ("userassignednatgateway", "userdefinedrouting"),
              ("userdefinedrouting", "userassignednatgateway")),
        "egress outbound types"),
    Row("properties.networkProfile.loadBalancerSku", _L, _ways(("basic", "standard"))),
    Row("properties.networkProfile.loadBalancerProfile", _M),
    Row("properties.networkProfile.natGatewayProfile", _M),
    Row("properties.apiServerAccessProfile.authorizedIPRanges", _M),
    Row("properties.apiServerAccessProfile.enablePrivateCluster", _C),
    Row("properties.apiServerAccessProfile.privateDNSZone", _C),
    Row("properties.autoUpgradeProfile", _M),
    Row("properties.autoScalerProfile", _M),
    Row("properties.azureMonitorProfile", _M),
    Row("properties.addonProfiles", _M),
    Row("properties.oidcIssuerProfile", _L, _ways(("", "true")), "the issuer stays once it is on"),
    Row("properties.securityProfile", _M),
    Row("properties.linuxProfile.adminUsername", _C),
    Row("properties.linuxProfile.ssh", _L, _ways(("*", "*"))),
    Row("properties.nodeProvisioningProfile.mode", _L,
        _ways(("", "auto"), ("manual", "auto"), ("auto", "manual"))),
    Row("properties.workloadAutoScalerProfile", _M),
    Row("properties.diskEncryptionSetID", _C),
)

POOL: tuple[Row, ...] = (
    Row("mode", _M),
    Row("osSKU", _L, _ways(("ubuntu", "azurelinux"), ("azurelinux", "ubuntu"),
                           ("ubuntu", "ubuntu2204"), ("ubuntu", "ubuntu2404"),
                           ("ubuntu2204", "ubuntu"), ("ubuntu2404", "ubuntu"),
                           ("ubuntu2204", "ubuntu2404"), ("azurelinux", "azurelinux3"))),
    *(Row(path, _P) for path in (
        "osType", "type", "vmSize", "osDiskSizeGB", "osDiskType", "kubeletDiskType", "maxPods",
        "availabilityZones", "vnetSubnetID", "podSubnetID", "enableNodePublicIP",
        "nodePublicIPPrefixID", "enableFIPS", "kubeletConfig", "linuxOSConfig", "scaleSetPriority",
        "scaleSetEvictionPolicy", "spotMaxPrice", "enableEncryptionAtHost", "enableUltraSSD",
        "gpuInstanceProfile", "proximityPlacementGroupID", "hostGroupID",
        "capacityReservationGroupID", "workloadRuntime",
    )),
    *(Row(path, _M) for path in (
        "count", "enableAutoScaling", "minCount", "maxCount", "nodeLabels", "nodeTaints", "tags",
        "upgradeSettings", "scaleDownMode", "orchestratorVersion",
    )),
)
# fmt: on


def class_of(rows: tuple[Row, ...], path: str, before: object, after: object) -> ChangeClass:
    """IN_PLACE, NEW_POOL or NEW_CLUSTER for one change; settings not in the table are Azure's call.

    A migration is in place along a documented way, otherwise it needs what cannot be migrated: a
    new pool for pools, a new cluster for clusters.
    """
    row = next((row for row in rows if path == row.path or path.startswith(f"{row.path}.")), None)
    if row is None:
        return ChangeClass.IN_PLACE
    if row.cls is not ChangeClass.MIGRATION:
        return row.cls
    way = (_word(before), _word(after))
    open_ = any(one in (way[0], "*") and two in (way[1], "*") for one, two in row.ways)
    if open_:
        return ChangeClass.IN_PLACE
    return ChangeClass.NEW_POOL if rows is POOL else ChangeClass.NEW_CLUSTER


def _word(value: object) -> str:
    word = "" if value is None or value is False else str(value).lower()
    return "" if word == "none" else word
