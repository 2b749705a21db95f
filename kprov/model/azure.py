"""Clusters of Azure Kubernetes Service: what people write under `cluster.azure`.

What is not written is left to Azure's defaults and never compared, so nobody is in the way of a
setting that somebody else owns. Every field has a class of change: kprov/providers/aks/fields.py.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kprov.model.azure_maintenance import MaintenanceSpec
from kprov.model.azure_network import AzureNetworkSpec
from kprov.model.spec import Spec

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


class CredentialSpec(Spec):
    """Who kprov is to Azure. Secrets come from the environment only."""

    kind: Literal["default", "secret", "certificate", "workload", "managed", "cli"] = "default"
    """`default`: the first that works of environment, workload identity, managed identity, `az`
    and others; `secret`: a service principal, AZURE_CLIENT_SECRET; `certificate`: one with a
    certificate; `workload`: federation, as CI systems have it; `managed`: the identity of the
    machine kprov runs on; `cli`: whoever did `az login`."""
    client_id: str | None = None
    """The application (client) id; unset: AZURE_CLIENT_ID."""
    certificate: str | None = None
    """PEM or PKCS#12, relative to the inventory; AZURE_CLIENT_CERTIFICATE_PASSWORD opens it."""
    token_file: str | None = None
    """File with the federated token; unset: AZURE_FEDERATED_TOKEN_FILE."""


class ResourceGroupSpec(Spec):
    """The resource group that the cluster's resource is in."""

    name: str = Field(default="", pattern=r"^[\w.()-]{0,89}[\w()-]$")
    location: str = ""
    """Azure region, such as westeurope."""
    create: bool = False
    """Make it when it is not there; `kprov reset` removes it only if kprov made it."""


class EntraSpec(Spec):
    """Sign-in with Microsoft Entra ID."""

    admin_groups: list[str] = Field(default_factory=list)
    """Object ids of the groups whose members are cluster administrators."""
    azure_rbac: bool | None = None
    """Azure role assignments say who may do what inside the cluster."""
    tenant: str | None = Field(default=None, pattern=_UUID)
    """Tenant of the users; unset: the subscription's."""
    local_accounts: bool = True
    """Leave the built-in administrator certificate; false: Entra ID alone, and kubeconfigs ask
    kprov for a token."""


class MonitoringSpec(Spec):
    """Logs and metrics."""

    workspace: str | None = None
    """Resource id of a Log Analytics workspace for container logs; `auto`: kprov makes one beside
    the cluster; `off`: stop sending."""
    prometheus: bool | None = None
    """Azure Monitor's managed Prometheus."""


class KeyVaultSpec(Spec):
    """The Secrets Store driver for Azure Key Vault."""

    rotation: bool | None = None
    """Fetch secrets again when they have changed."""
    interval: str | None = None
    """How often, such as 2m."""


class KmsSpec(Spec):
    """Encryption of etcd with a key of your own."""

    key: str
    """Identifier of the key: https://VAULT.vault.azure.net/keys/NAME/VERSION."""
    access: Literal["Public", "Private"] = "Public"
    """How the vault is reached."""
    vault: str | None = None
    """Resource id of a vault with private access."""


class LinuxSpec(Spec):
    """Sign-in to Linux nodes."""

    user: str = "azureuser"
    ssh_keys: list[str] = Field(min_length=1)
    """Public keys."""


class UserIdentitySpec(Spec):
    """A managed identity of your own."""

    id: str
    """Its resource id."""


class KubeletIdentitySpec(Spec):
    """The identity nodes pull images with."""

    id: str
    """Resource id."""
    client_id: str = Field(pattern=_UUID)
    object_id: str = Field(pattern=_UUID)


class AzureSpec(Spec):
    """One AKS cluster."""

    subscription: str = Field(default="", pattern=_UUID)
    """Subscription id; always needed."""
    tenant: str | None = Field(default=None, pattern=_UUID)
    """Tenant to sign in to; unset: AZURE_TENANT_ID, or the credential's own."""
    cloud: Literal["public", "usgov", "china"] = "public"
    credential: CredentialSpec = Field(default_factory=CredentialSpec)
    endpoint: str | None = None
    """Resource Manager at another place, for tests: https, or http on this computer alone."""
    ca_file: str | None = None
    """Certificate of that endpoint, PEM, relative to the inventory."""

    resource_group: ResourceGroupSpec = Field(default_factory=ResourceGroupSpec)
    location: str | None = None
    """Region of the cluster; unset: the resource group's."""
    node_resource_group: str | None = None
    """Name of the group that Azure makes for the nodes."""
    dns_prefix: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,52}[A-Za-z0-9])?$"
    )
    """First part of the API's name; unset: the cluster's name."""
    fqdn_subdomain: str | None = None
    """The same, of a private cluster with a DNS zone of your own."""

    sku: Literal["Base", "Automatic"] | None = None
    tier: Literal["free", "standard", "premium"] | None = None
    """`standard` has an uptime SLA, `premium` long-term support too."""
    support_plan: Literal["KubernetesOfficial", "AKSLongTermSupport"] | None = None
    """AKSLongTermSupport needs the tier premium."""
    identity: Literal["system"] | UserIdentitySpec = "system"
    """`system`: Azure makes an identity for the cluster; or one of yours."""
    kubelet_identity: KubeletIdentitySpec | None = None
    rbac: bool | None = None
    """Kubernetes RBAC; Azure's default is on."""
    entra: EntraSpec | None = None
    network: AzureNetworkSpec = Field(default_factory=AzureNetworkSpec)

    upgrade_channel: Literal["rapid", "stable", "patch", "node-image", "none"] | None = None
    """Which releases Azure moves the cluster to by itself; a newer patch is no drift."""
    node_os_channel: Literal["None", "Unmanaged", "NodeImage", "SecurityPatch"] | None = None
    """How nodes get security updates."""
    maintenance: list[MaintenanceSpec] = Field(default_factory=list)
    """When Azure may do either."""
    autoscaler: dict[str, str] = Field(default_factory=dict)
    """Profile of the cluster autoscaler, such as {scan-interval: 30s, expander: least-waste}."""
    node_autoprovision: Literal["Manual", "Auto"] | None = None

    monitoring: MonitoringSpec | None = None
    policy: bool | None = None
    """The Azure Policy add-on."""
    key_vault: bool | KeyVaultSpec | None = None
    oidc: bool | None = None
    """An OIDC issuer; once on, it stays on."""
    workload_identity: bool | None = None
    """Pods sign in to Azure as service accounts; needs `oidc`."""
    keda: bool | None = None
    vpa: bool | None = None
    """The vertical pod autoscaler."""
    acr: list[str] = Field(default_factory=list)
    """Resource ids of container registries that nodes may pull from (the role AcrPull)."""

    linux: LinuxSpec | None = None
    disk_encryption_set: str | None = None
    """Resource id: disks are encrypted with its key."""
    kms: KmsSpec | None = None
    tags: dict[str, str] = Field(default_factory=dict)
    """Azure tags of the cluster; those that others have set stay."""
    extra: dict[str, Any] = Field(default_factory=dict)
    """The cluster as the Azure API spells it, merged last: {properties: {storageProfile: ...}}."""

    @property
    def region(self) -> str:
        """Where the cluster is."""
        return self.location or self.resource_group.location

    @property
    def local_accounts(self) -> bool:
        """Whether the built-in administrator certificate exists."""
        return self.entra is None or self.entra.local_accounts
