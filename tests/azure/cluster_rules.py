"""What the service refuses of clusters. Each rule names its source."""

from __future__ import annotations

import ipaddress
import itertools
import re

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json
from tests.azure.merging import at, differs
from tests.azure.state import Cluster

_NAME = re.compile(r"[a-zA-Z0-9]([-_a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_DNS = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,52}[a-zA-Z0-9])?")
IMMUTABLE = (
    "dnsPrefix",
    "fqdnSubdomain",
    "nodeResourceGroup",
    "enableRBAC",
    "diskEncryptionSetID",
    "servicePrincipalProfile.clientId",
    "linuxProfile.adminUsername",
    "windowsProfile.adminUsername",
    "networkProfile.serviceCidr",
    "networkProfile.serviceCidrs",
    "networkProfile.dnsServiceIP",
    "networkProfile.ipFamilies",
    "apiServerAccessProfile.enablePrivateCluster",
    "apiServerAccessProfile.privateDNSZone",
)
"""Class C of aks.md 5: a change needs a new cluster."""


def check_name(name: str) -> None:
    """https://learn.microsoft.com/rest/api/aks/managed-clusters/create-or-update (resourceName)."""
    if not _NAME.fullmatch(name):
        raise Refusal.invalid_parameter(
            "resourceName",
            f"The value of parameter name is invalid: '{name}'. It must have 1 to 63 letters, "
            "numbers, underscores and hyphens, and start and end with a letter or number. Please "
            "see https://aka.ms/aks-naming-rules for more details.",
        )


def check_new(body: Json, properties: Json) -> None:
    """A cluster that is to be made, before defaults (AKS#2495: required parameters)."""
    prefix = properties.get("dnsPrefix")
    if not prefix and not properties.get("fqdnSubdomain"):
        raise _required("dnsPrefix")
    if prefix and not _DNS.fullmatch(prefix):
        raise Refusal.invalid_parameter(
            "dnsPrefix", f"The value of parameter dnsPrefix is invalid: '{prefix}'."
        )
    if not properties.get("agentPoolProfiles"):
        raise _required("agentPoolProfiles")
    has_identity = (body.get("identity") or {}).get("type") in {"SystemAssigned", "UserAssigned"}
    if not has_identity and not properties.get("servicePrincipalProfile"):
        raise _required("servicePrincipalProfile")
    names = [pool.get("name") for pool in properties["agentPoolProfiles"]]
    if len(set(names)) != len(names):
        raise Refusal.invalid_parameter(
            "agentPoolProfiles", "The names of agent pools must be unique."
        )


def _required(name: str) -> Refusal:
    return Refusal.invalid_parameter(name, f"Required parameter {name} is missing (null).")


def check_sent(properties: Json) -> None:
    """A service principal is sent with its secret or not at all; nor is `msi` one (aks.md 1)."""
    principal = properties.get("servicePrincipalProfile")
    if principal and not principal.get("secret"):
        raise Refusal(
            400,
            "InvalidParameter",
            "Required parameter servicePrincipalProfile.secret is missing (null).",
            target="servicePrincipalProfile.secret",
        )


def check_values(body: Json, properties: Json, tenant: str) -> None:
    """What must hold after every change, with the service's defaults filled in."""
    _check_sku(body, properties)
    _check_network(properties["networkProfile"])
    _check_access(properties, tenant)
    _check_monitoring(properties)


def _check_sku(body: Json, properties: Json) -> None:
    """https://learn.microsoft.com/azure/aks/free-standard-pricing-tiers and long-term-support."""
    sku = body.get("sku") or {}
    if sku.get("name", "Base") == "Automatic" and sku.get("tier") != "Standard":
        raise Refusal.invalid_parameter("sku.tier", "The Automatic SKU needs the Standard tier.")
    lts = properties.get("supportPlan") == "AKSLongTermSupport"
    if lts and sku.get("tier") != "Premium":
        raise Refusal.bad_request(
            "AKSLongTermSupport needs the Premium tier. See https://aka.ms/aks/lts",
            target="supportPlan",
        )


def _check_network(network: Json) -> None:
    """https://learn.microsoft.com/azure/aks/concepts-network-cni-overview and azure-cni-*."""
    plugin, mode = network["networkPlugin"], network.get("networkPluginMode")
    dataplane, policy = network.get("networkDataplane"), network.get("networkPolicy")
    if str(network.get("loadBalancerSku", "")).lower() == "basic":
        raise Refusal.bad_request(
            "Basic Load Balancer is retired since 2025-09-30. Use the standard load balancer. See "
            "https://aka.ms/aks/basic-load-balancer-retirement",
            target="networkProfile.loadBalancerSku",
        )
    if mode == "overlay" and plugin != "azure":
        raise _combination("networkPluginMode overlay needs networkPlugin azure")
    if dataplane == "cilium" and plugin != "azure":
        raise _combination("networkDataplane cilium needs networkPlugin azure")
    if dataplane == "cilium" and policy not in {"cilium", "none", None}:
        raise _combination(f"networkDataplane cilium does not support networkPolicy {policy}")
    if policy == "cilium" and dataplane != "cilium":
        raise _combination("networkPolicy cilium needs networkDataplane cilium")
    if policy == "azure" and plugin != "azure":
        raise _combination("networkPolicy azure needs networkPlugin azure")
    if plugin == "azure" and mode != "overlay" and network.get("podCidr"):
        raise _combination("podCidr cannot be set for networkPlugin azure without overlay")
    _check_ranges(network)


def _combination(why: str) -> Refusal:
    return Refusal.bad_request(
        f"Invalid network configuration: {why}.", target="properties.networkProfile"
    )


def _check_ranges(network: Json) -> None:
    """Ranges are CIDRs, apart from each other; the DNS address is a host of the service range."""
    ranges = []
    for field in ("podCidrs", "serviceCidrs"):
        for text in network.get(field) or []:
            try:
                ranges.append(ipaddress.ip_network(text))
            except ValueError as error:
                raise Refusal.invalid_parameter(f"networkProfile.{field}", f"{error}.") from None
    for one, other in itertools.combinations(ranges, 2):
        if one.overlaps(other):
            raise Refusal(
                400,
                "ServiceCidrOverlapExistingSubnetsCidr",
                f"The specified service CIDR {other} is conflicted with pod CIDR {one}.",
                target="networkProfile.serviceCidr",
            )
    service = ipaddress.ip_network(network["serviceCidr"])
    dns = ipaddress.ip_address(network["dnsServiceIP"])
    if dns not in service or dns in {service[0], service[1]}:
        raise Refusal.invalid_parameter(
            "networkProfile.dnsServiceIP",
            f"The DNS service IP {dns} is not a usable address of the service CIDR {service}.",
        )


def _check_access(properties: Json, tenant: str) -> None:
    """https://learn.microsoft.com/azure/aks/manage-azure-rbac, manage-local-accounts-*."""
    aad = properties.get("aadProfile")
    if aad is not None:
        if aad.get("clientAppID") or aad.get("serverAppID") or not aad.get("managed", True):
            raise Refusal.bad_request(
                "Azure AD legacy integration is retired. Use AKS-managed Microsoft Entra "
                "integration. See https://aka.ms/aks/aad-legacy",
                target="aadProfile",
            )
        if not properties["enableRBAC"]:
            raise Refusal.bad_request("AAD needs enableRBAC.", target="aadProfile")
        if aad.get("tenantID") not in {None, tenant}:
            raise Refusal.bad_request(
                f"Tenant {aad['tenantID']} cannot be used by this subscription.",
                target="aadProfile.tenantID",
            )
    if properties.get("disableLocalAccounts") and aad is None:
        raise Refusal.bad_request(
            "Disabling local accounts is not allowed for a non AAD cluster. See "
            "https://aka.ms/aks/disable-local-accounts",
            target="disableLocalAccounts",
        )
    access = properties.get("apiServerAccessProfile") or {}
    if access.get("enablePrivateCluster") and access.get("authorizedIPRanges"):
        raise Refusal.bad_request(
            "Authorized IP ranges are not supported for private clusters.",
            target="apiServerAccessProfile.authorizedIPRanges",
        )
    for text in access.get("authorizedIPRanges") or []:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise Refusal.invalid_parameter(
                "apiServerAccessProfile.authorizedIPRanges", f"{error}."
            ) from None
    workload = at(properties, "securityProfile.workloadIdentity.enabled")
    if workload and not properties["oidcIssuerProfile"].get("enabled"):
        raise Refusal.bad_request(
            "Workload identity needs the OIDC issuer.", target="securityProfile.workloadIdentity"
        )


def _check_monitoring(properties: Json) -> None:
    """aks.md 4: the addon and the profile exclude each other; a workspace cannot be blank."""
    addons = {k.lower(): v for k, v in (properties.get("addonProfiles") or {}).items()}
    addon = addons.get("omsagent") or {}
    insights = at(properties, "azureMonitorProfile.containerInsights") or {}
    if addon.get("enabled") and insights.get("enabled"):
        raise Refusal.bad_request(
            "The omsagent addon and azureMonitorProfile.containerInsights cannot both be enabled.",
            target="azureMonitorProfile.containerInsights",
        )
    workspaces = [
        (addon, (addon.get("config") or {}).get("logAnalyticsWorkspaceResourceID")),
        (insights, insights.get("logAnalyticsWorkspaceResourceId")),
    ]
    for profile, workspace in workspaces:
        if profile.get("enabled") and "/workspaces/" not in str(workspace).lower():
            raise Refusal(
                400,
                "LinkedInvalidPropertyId",
                f"Property id '{workspace or ''}' at path 'logAnalyticsWorkspaceResourceId' is "
                "invalid. Expect fully qualified resource Id that start with "
                "'/subscriptions/{subscriptionId}' or '/providers/{resourceProviderNamespace}/'.",
                by_arm=True,
            )


def check_change(before: Cluster, body: Json, properties: Json) -> None:
    """What may not change (aks.md 5: classes C and L; aks.md 6.3)."""
    old = before.properties
    for field in IMMUTABLE:
        if differs(at(old, field), at(properties, field)):
            raise Refusal.unchangeable(field)
    _check_network_migration(old["networkProfile"], properties["networkProfile"])
    if old.get("aadProfile") and not properties.get("aadProfile"):
        raise Refusal.unchangeable("aadProfile")
    if at(old, "oidcIssuerProfile.enabled") and not at(properties, "oidcIssuerProfile.enabled"):
        raise Refusal.bad_request(
            "OIDC issuer feature cannot be disabled. See https://aka.ms/aks/oidc-issuer",
            target="oidcIssuerProfile.enabled",
        )
    if (before.body.get("identity") or {}).get("type") and not body.get("identity"):
        raise Refusal.unchangeable("identity")


def _check_network_migration(old: Json, new: Json) -> None:
    """https://learn.microsoft.com/azure/aks/upgrade-azure-cni and egress-outboundtype."""
    plugin = (old["networkPlugin"], new["networkPlugin"])
    if plugin[0] != plugin[1] and not (
        plugin == ("kubenet", "azure") and new.get("networkPluginMode") == "overlay"
    ):
        raise Refusal.unchangeable("networkProfile.networkPlugin")
    if old.get("networkPluginMode") == "overlay" and new.get("networkPluginMode") != "overlay":
        raise Refusal.unchangeable("networkProfile.networkPluginMode")
    if old.get("networkDataplane") == "cilium" and new.get("networkDataplane") != "cilium":
        raise Refusal.unchangeable("networkProfile.networkDataplane")
    same_mode = old.get("networkPluginMode") == new.get("networkPluginMode")
    if same_mode and plugin[0] == plugin[1] and differs(old.get("podCidr"), new.get("podCidr")):
        raise Refusal.unchangeable("networkProfile.podCidr")
    isolated = {"none", "block"}
    if old["outboundType"] in isolated and new["outboundType"] != old["outboundType"]:
        raise Refusal.unchangeable("networkProfile.outboundType")
