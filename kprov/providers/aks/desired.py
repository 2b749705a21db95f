"""A cluster as it is written, turned into what the Azure API is sent: pure, plain camelCase JSON.

Only what somebody wrote is in it. What Azure needs for a new cluster besides is `at_birth`: it is
sent once and never compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kprov.model.azure import AzureSpec, EntraSpec, KeyVaultSpec, MonitoringSpec
from kprov.model.azure_network import AzureNetworkSpec
from kprov.model.cluster import ClusterSpec
from kprov.providers.aks.attachments import workspace_id
from kprov.providers.aks.names import CREATED
from kprov.providers.aks.pools import birth_of, pool_properties
from kprov.providers.aks.wire import Json, overlay


def declared(spec: ClusterSpec) -> Json:
    """The cluster's body as far as it was written, without version and pools."""
    azure = _azure(spec)
    body = {
        "location": azure.region,
        "sku": {"name": azure.sku, "tier": azure.tier and azure.tier.capitalize()},
        "identity": _identity(azure) if "identity" in azure.model_fields_set else None,
        "properties": {
            "fqdnSubdomain": azure.fqdn_subdomain,
            "dnsPrefix": azure.dns_prefix,
            "nodeResourceGroup": azure.node_resource_group,
            "supportPlan": azure.support_plan,
            "enableRBAC": azure.rbac,
            "identityProfile": _kubelet_identity(azure),
            "aadProfile": _entra(azure.entra),
            "disableLocalAccounts": not azure.local_accounts if azure.entra else None,
            "networkProfile": _network(azure.network),
            "apiServerAccessProfile": {
                "authorizedIPRanges": azure.network.authorized_ips,
                "enablePrivateCluster": azure.network.private,
                "privateDNSZone": azure.network.private_dns_zone,
            },
            "autoUpgradeProfile": {
                "upgradeChannel": azure.upgrade_channel,
                "nodeOSUpgradeChannel": azure.node_os_channel,
            },
            "autoScalerProfile": dict(azure.autoscaler),
            "azureMonitorProfile": _monitoring(azure.monitoring, spec),
            "addonProfiles": _addons(azure),
            "oidcIssuerProfile": {"enabled": azure.oidc},
            "securityProfile": {
                "workloadIdentity": {"enabled": azure.workload_identity},
                "azureKeyVaultKms": _kms(azure),
            },
            "workloadAutoScalerProfile": {
                "keda": {"enabled": azure.keda},
                "verticalPodAutoscaler": {"enabled": azure.vpa},
            },
            "nodeProvisioningProfile": {"mode": azure.node_autoprovision},
            "diskEncryptionSetID": azure.disk_encryption_set,
            "linuxProfile": _linux(azure),
        },
        "tags": dict(azure.tags),
    }
    return overlay(_written(body), azure.extra)


def at_birth(spec: ClusterSpec) -> Json:
    """The whole body of a new cluster, its pools included."""
    azure = _azure(spec)
    properties: Json = {
        "kubernetesVersion": version_of(spec) or "",
        "agentPoolProfiles": [{"name": pool.name, **birth_of(pool, spec)} for pool in spec.pools],
    }
    if not azure.fqdn_subdomain:
        properties["dnsPrefix"] = spec.name[:54].rstrip("-")
    base = {"identity": _identity(azure), "properties": properties, "tags": {CREATED: spec.name}}
    return overlay(base, declared(spec))


def version_of(spec: ClusterSpec) -> str | None:
    """The version that was written, `1.36` or `1.36.2`; None leaves it to Azure."""
    return spec.kubernetes.removeprefix("v") if "kubernetes" in spec.model_fields_set else None


def expected_at_birth(spec: ClusterSpec) -> Json:
    """`at_birth` as a plan shows it: pools by their names."""
    body = at_birth(spec)
    body["properties"].pop("agentPoolProfiles")
    return {**body, "pools": {pool.name: pool_properties(pool, spec) for pool in spec.pools}}


def _azure(spec: ClusterSpec) -> AzureSpec:
    assert spec.azure is not None  # the inventory was checked
    return spec.azure


def _identity(azure: AzureSpec) -> Json:
    if azure.identity == "system":
        return {"type": "SystemAssigned"}
    return {"type": "UserAssigned", "userAssignedIdentities": {azure.identity.id: {}}}


def _kubelet_identity(azure: AzureSpec) -> Json | None:
    its = azure.kubelet_identity
    if its is None:
        return None
    identity = {"resourceId": its.id, "clientId": its.client_id, "objectId": its.object_id}
    return {"kubeletidentity": identity}


def _entra(entra: EntraSpec | None) -> Json | None:
    if entra is None:
        return None
    return {
        "managed": True,
        "enableAzureRBAC": entra.azure_rbac,
        "adminGroupObjectIDs": list(entra.admin_groups),
        "tenantID": entra.tenant,
    }


def _network(network: AzureNetworkSpec) -> Json:
    balancer, gateway = network.load_balancer, network.nat_gateway
    return {
        "networkPlugin": network.plugin,
        "networkPluginMode": network.mode,
        "networkDataplane": network.dataplane,
        "networkPolicy": network.policy,
        "podCidr": network.pods,
        "serviceCidr": network.services,
        "dnsServiceIP": network.dns or _tenth(network.services),
        "outboundType": network.outbound,
        "loadBalancerSku": network.load_balancer_sku,
        "loadBalancerProfile": {
            "managedOutboundIPs": {"count": balancer.ips},
            "allocatedOutboundPorts": balancer.ports,
            "idleTimeoutInMinutes": balancer.idle_timeout,
        },
        "natGatewayProfile": {
            "managedOutboundIPProfile": {"count": gateway.ips},
            "idleTimeoutInMinutes": gateway.idle_timeout,
        },
    }


def _tenth(services: str | None) -> str | None:
    """Azure insists on a DNS address that fits a range of your own."""
    import ipaddress  # noqa: PLC0415

    return str(ipaddress.ip_network(services)[10]) if services else None


def _monitoring(monitoring: MonitoringSpec | None, spec: ClusterSpec) -> Json | None:
    if monitoring is None:
        return None
    workspace = workspace_id(spec)
    insights: Json = {"enabled": workspace is not None}
    if workspace is not None:
        insights["logAnalyticsWorkspaceResourceId"] = workspace
    return {
        "containerInsights": insights if monitoring.workspace else None,
        "metrics": {"enabled": monitoring.prometheus},
    }


def _addons(azure: AzureSpec) -> Json:
    vault, config = azure.key_vault, {}
    if isinstance(vault, KeyVaultSpec):
        config = {
            "enableSecretRotation": None if vault.rotation is None else str(vault.rotation).lower(),
            "rotationPollInterval": vault.interval,
        }
    return {
        "azurepolicy": {"enabled": azure.policy},
        "azureKeyvaultSecretsProvider": {
            "enabled": None if vault is None else vault is not False,
            "config": config,
        },
    }


def _kms(azure: AzureSpec) -> Json | None:
    if azure.kms is None:
        return None
    return {
        "enabled": True,
        "keyId": azure.kms.key,
        "keyVaultNetworkAccess": azure.kms.access,
        "keyVaultResourceId": azure.kms.vault,
    }


def _linux(azure: AzureSpec) -> Json | None:
    if azure.linux is None:
        return None
    keys = [{"keyData": key} for key in azure.linux.ssh_keys]
    return {"adminUsername": azure.linux.user, "ssh": {"publicKeys": keys}}


def _written(body: Mapping[str, Any]) -> Json:
    """Without what nobody wrote: None, and maps with nothing else in them."""
    kept: Json = {}
    for key, value in body.items():
        if isinstance(value, Mapping):
            inner = value if key in ("userAssignedIdentities", "tags") else _written(value)
            if inner:
                kept[key] = dict(inner)
        elif value is not None:
            kept[key] = value
    return kept
