"""What the service fills in: a body comes back with more than was sent, and spelled differently.

Source: recorded-traffic-facts.json (`put_create`, `get_after_create_adds`,
`autoscaler_profile_filled_by_service`) and https://learn.microsoft.com/rest/api/aks/managed-clusters
for what the service began to fill after those recordings.
"""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from tests.azure.exchange import Json

AUTOSCALER: Mapping[str, str] = {
    "balance-similar-node-groups": "false",
    "expander": "random",
    "max-empty-bulk-delete": "10",
    "max-graceful-termination-sec": "600",
    "max-node-provision-time": "15m",
    "max-total-unready-percentage": "45",
    "new-pod-scale-up-delay": "0s",
    "ok-total-unready-count": "3",
    "scale-down-delay-after-add": "10m",
    "scale-down-delay-after-delete": "10s",
    "scale-down-delay-after-failure": "3m",
    "scale-down-unneeded-time": "10m",
    "scale-down-unready-time": "20m",
    "scale-down-utilization-threshold": "0.5",
    "scan-interval": "10s",
    "skip-nodes-with-local-storage": "false",
    "skip-nodes-with-system-pods": "true",
}
SPOT_TAINT = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
SPOT_LABEL = ("kubernetes.azure.com/scalesetpriority", "spot")
_IMAGES = {
    "Ubuntu": "AKSUbuntu-2404gen2containerd",
    "AzureLinux": "AKSAzureLinux-V3gen2",
    "Windows2022": "AKSWindows-2022-containerd-gen2",
    "Windows2025": "AKSWindows-2025-containerd-gen2",
}
IMAGE_DATE = "202610.20.0"


def stable_uuid(*parts: str) -> str:
    """The same id for the same thing."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)))


def fill(target: Json, defaults: Mapping[str, Any]) -> Json:
    """Add what is missing, at every depth."""
    for key, value in defaults.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            fill(target[key], value)
        elif target.get(key) is None:
            target[key] = copy.deepcopy(value)
    return target


def node_image(pool: Json) -> str:
    """The newest image of a pool's system."""
    sku = str(pool.get("osSKU", "Ubuntu"))
    return f"{_IMAGES.get(sku, f'AKS{sku}')}-{IMAGE_DATE}"


def new_pool(sent: Json, version: str) -> Json:
    """An agent pool's properties right after it was accepted."""
    pool = {key: value for key, value in copy.deepcopy(sent).items() if value not in ([], {}, "")}
    if not pool.get("osDiskSizeGB"):
        pool["osDiskSizeGB"] = 128
    pool["orchestratorVersion"] = pool.get("orchestratorVersion") or version
    windows = pool.get("osType") == "Windows"
    fill(
        pool,
        {
            "count": 1,
            "osType": "Linux",
            "osSKU": "Windows2022" if windows else "Ubuntu",
            "osDiskType": "Managed",
            "kubeletDiskType": "OS",
            "maxPods": 110,
            "type": "VirtualMachineScaleSets",
            "mode": "User",
            "enableAutoScaling": False,
            "scaleDownMode": "Delete",
            "powerState": {"code": "Running"},
            "enableNodePublicIP": False,
            "enableEncryptionAtHost": False,
            "enableUltraSSD": False,
            "enableFIPS": False,
            "upgradeSettings": {"maxSurge": "10%", "maxUnavailable": "0"},
            "securityProfile": {"enableVTPM": False, "enableSecureBoot": False},
        },
    )
    return spot(pool)


def spot(pool: Json) -> Json:
    """What the service makes of a pool's priority: `Regular` goes unsaid, Spot is marked on nodes.

    https://learn.microsoft.com/azure/aks/spot-node-pool
    """
    if pool.get("scaleSetPriority") != "Spot":
        for key in ("scaleSetPriority", "scaleSetEvictionPolicy", "spotMaxPrice"):
            pool.pop(key, None)
        return pool
    fill(pool, {"scaleSetEvictionPolicy": "Delete", "spotMaxPrice": -1.0})
    pool["nodeTaints"] = list(pool.get("nodeTaints") or [])
    if SPOT_TAINT not in pool["nodeTaints"]:
        pool["nodeTaints"].append(SPOT_TAINT)
    pool["nodeLabels"] = {**(pool.get("nodeLabels") or {}), SPOT_LABEL[0]: SPOT_LABEL[1]}
    return pool


def _network(sent: Json) -> Json:
    network = copy.deepcopy(sent)
    if network.get("networkPlugin") is None:
        fill(network, {"networkPlugin": "azure", "networkPluginMode": "overlay"})
    overlay = network.get("networkPluginMode") == "overlay" or network["networkPlugin"] == "kubenet"
    if network["networkPlugin"] != "none":
        fill(network, {"networkDataplane": "azure", "networkPolicy": "none"})
    if overlay:
        first = (network.get("podCidrs") or ["10.244.0.0/16"])[0]
        fill(network, {"podCidr": first})
        fill(network, {"podCidrs": [network["podCidr"]]})
    first = (network.get("serviceCidrs") or ["10.0.0.0/16"])[0]
    fill(network, {"serviceCidr": first, "ipFamilies": ["IPv4"], "outboundType": "loadBalancer"})
    fill(network, {"serviceCidrs": [network["serviceCidr"]], "loadBalancerSku": "standard"})
    if network.get("dnsServiceIP") is None:
        network["dnsServiceIP"] = _tenth(network["serviceCidr"])
    if network["outboundType"] == "loadBalancer":
        profile = network.setdefault("loadBalancerProfile", {})
        if not profile.keys() & {"outboundIPs", "outboundIPPrefixes", "managedOutboundIPs"}:
            profile["managedOutboundIPs"] = {"count": 1}
        fill(profile, {"backendPoolType": "NodeIPConfiguration"})
    return network


def _tenth(cidr: str) -> str:
    import ipaddress

    return str(ipaddress.ip_network(cidr, strict=False)[10])


def suffix(dns_prefix: str) -> str:
    """The random part of an address, the same for the same prefix."""
    return hashlib.sha256(dns_prefix.encode()).hexdigest()[:8]


def new_cluster(sent: Json, *, name: str, group: str, location: str, version: str) -> Json:
    """A cluster's properties right after it was accepted, without its pools."""
    properties = copy.deepcopy(sent)
    properties.pop("agentPoolProfiles", None)
    properties["kubernetesVersion"] = properties.get("kubernetesVersion") or version
    host = properties.get("fqdnSubdomain") or properties.get("dnsPrefix") or name
    base = f"{host}-{suffix(host)}"
    fill(
        properties,
        {
            "provisioningState": "Creating",
            "powerState": {"code": "Running"},
            "currentKubernetesVersion": version,
            "nodeResourceGroup": f"MC_{group}_{name}_{location}",
            "enableRBAC": True,
            "supportPlan": "KubernetesOfficial",
            "maxAgentPools": 100,
            "disableLocalAccounts": False,
            "securityProfile": {},
            "servicePrincipalProfile": {"clientId": "msi"},
            "storageProfile": {
                "diskCSIDriver": {"enabled": True},
                "fileCSIDriver": {"enabled": True},
                "snapshotController": {"enabled": True},
            },
            "oidcIssuerProfile": {"enabled": False},
            "workloadAutoScalerProfile": {},
            "autoUpgradeProfile": {"nodeOSUpgradeChannel": "NodeImage"},
            "metricsProfile": {"costAnalysis": {"enabled": False}},
            "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
            "bootstrapProfile": {"artifactSource": "Direct"},
            "resourceUID": stable_uuid("uid", group, name)[:24],
        },
    )
    properties["networkProfile"] = _network(properties.get("networkProfile") or {})
    private = (properties.get("apiServerAccessProfile") or {}).get("enablePrivateCluster")
    if private:
        properties["privateFQDN"] = f"{base}.{stable_uuid(base)}.privatelink.{location}.azmk8s.io"
    properties["fqdn"] = f"{base}.hcp.{location}.azmk8s.io"
    properties["azurePortalFQDN"] = f"{base}.portal.hcp.{location}.azmk8s.io"
    return complete(properties)


def complete(properties: Json) -> Json:
    """Fill profiles that were sent in part, at create and at update; secrets never come back."""
    if properties.get("autoScalerProfile") is not None:
        fill(properties["autoScalerProfile"], AUTOSCALER)
    if aad := properties.get("aadProfile"):
        fill(aad, {"managed": True, "enableAzureRBAC": False, "adminGroupObjectIDs": []})
    for profile, key in (
        ("servicePrincipalProfile", "secret"),
        ("windowsProfile", "adminPassword"),
    ):
        if properties.get(profile):
            properties[profile].pop(key, None)
    return properties


def after_create(properties: Json, *, subscription: str, name: str, location: str) -> Json:
    """What appears when the cluster is there (recorded: `get_after_create_adds`)."""
    node_group = properties["nodeResourceGroup"]
    below = f"/subscriptions/{subscription}/resourceGroups/{node_group}/providers"
    network = properties["networkProfile"]
    if network.get("loadBalancerSku", "").lower() == "standard":
        network["loadBalancerSku"] = "Standard"
    balancer = network.get("loadBalancerProfile")
    if balancer is not None:
        count = (balancer.get("managedOutboundIPs") or {}).get("count", 0)
        balancer["effectiveOutboundIPs"] = [
            {"id": f"{below}/Microsoft.Network/publicIPAddresses/{stable_uuid(name, str(i))}"}
            for i in range(count)
        ] + list((balancer.get("outboundIPs") or {}).get("publicIPs", []))
    identity = f"{name}-agentpool"
    fill(
        properties,
        {
            "identityProfile": {
                "kubeletidentity": {
                    "resourceId": f"/subscriptions/{subscription}/resourcegroups/{node_group}"
                    f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}",
                    "clientId": stable_uuid("client", identity),
                    "objectId": stable_uuid("object", identity),
                }
            }
        },
    )
    if properties["oidcIssuerProfile"].get("enabled"):
        issuer = f"https://{location}.oic.prod-aks.azure.com/{stable_uuid('oidc', name)}/"
        properties["oidcIssuerProfile"]["issuerURL"] = issuer
    for addon in (properties.get("addonProfiles") or {}).values():
        if addon.get("enabled"):
            addon.setdefault("identity", {"clientId": stable_uuid("addon", name)})
    return properties


def identity(sent: Json, tenant: str, name: str) -> Json:
    """Principal ids of the identities that were asked for."""
    body = copy.deepcopy(sent)
    if body.get("type") == "SystemAssigned":
        body |= {"principalId": stable_uuid("principal", name), "tenantId": tenant}
    for resource in body.get("userAssignedIdentities") or {}:
        body["userAssignedIdentities"][resource] = {
            "clientId": stable_uuid("client", resource.lower()),
            "principalId": stable_uuid("principal", resource.lower()),
        }
    return body
