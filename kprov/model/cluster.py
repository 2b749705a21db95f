"""The cluster spec: what people write under `cluster:`, typed and frozen.

Field descriptions are the documentation: `kprov schema` prints them, editors show them.
Single fields are validated here; rules that need the hosts are in kprov.inventory.
"""

from __future__ import annotations

import ipaddress
from typing import Literal

from pydantic import Field

from kprov.model.addon import AddonSpec
from kprov.model.api_options import AdmissionPluginsSpec, AuditSpec, OidcSpec
from kprov.model.azure import AzureSpec
from kprov.model.images import ImageSpec
from kprov.model.network import NetworkSpec
from kprov.model.pools import PoolSpec
from kprov.model.registry import ContainerdSpec, ProxySpec
from kprov.model.spec import BareVersion, Cidr, Scalar, Spec, TaggedVersion
from kprov.model.tenant import TenantSpec
from kprov.model.version import Version

LoadBalancer = Literal["local", "external", "keepalived"]


class ArtifactSpec(Spec):
    """Where binaries come from and how they get to the hosts."""

    mirror: str | None = None
    """`https://…` or `file:///…` serving upstream's layout; unset: upstream itself."""
    delivery: Literal["auto", "pull", "push"] = "auto"
    """`pull`: hosts download; `push`: sent through SSH; `auto`: pull where the host can."""


class VersionSpec(Spec):
    """Versions of the other components; unset: what fits the Kubernetes version."""

    etcd: TaggedVersion | None = None
    containerd: BareVersion | None = None
    runc: TaggedVersion | None = None
    cni_plugins: TaggedVersion | None = None
    crictl: TaggedVersion | None = None
    coredns: TaggedVersion | None = None


class ComponentSpec(Spec):
    """Extra command line flags of one component."""

    extra_args: dict[str, Scalar] = Field(default_factory=dict)
    """Flag name without dashes to value; they win over kprov's own."""


class KubeletSpec(ComponentSpec):
    """The kubelet."""

    config: dict[str, object] = Field(default_factory=dict)
    """Merged over kprov's KubeletConfiguration."""


class ApiServerSpec(ComponentSpec):
    """The kube-apiserver."""

    extra_sans: list[str] = Field(default_factory=list)
    """More names and addresses in its serving certificate."""
    admission_plugins: AdmissionPluginsSpec = Field(default_factory=AdmissionPluginsSpec)
    runtime_config: dict[str, bool] = Field(default_factory=dict)
    """API versions to serve or not: `{api/beta: true, batch/v1: true}`."""
    port: int = Field(default=6443, ge=1, le=65535)


class PkiSpec(Spec):
    """Certificates."""

    algorithm: Literal["ecdsa", "rsa"] = "ecdsa"
    ca_days: int = Field(default=3650, ge=1)
    leaf_days: int = Field(default=365, ge=1)


class LocalSpec(Spec):
    """Machines on this computer (`kprov local up`)."""

    bridge: str | None = Field(default=None, max_length=15)
    """Name of the network bridge; unset: made from the cluster's name."""
    network: Cidr | None = None
    """Range of the bridge; unset: the /24 around the first host's address."""


class ClusterSpec(Spec):
    """One cluster."""

    name: str = Field(default="kubernetes", pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """Name of the cluster: state folder, kubeconfig context, certificates."""
    provider: Literal["ssh", "aks"] = "ssh"
    """Where the cluster runs: `ssh`: on hosts of yours; `aks`: Azure Kubernetes Service."""
    kubernetes: TaggedVersion = "v1.36.2"
    """Kubernetes release, such as v1.36.2; of managed clusters a minor such as "1.36" will do."""
    endpoint: str | None = None
    """`host:port` that people (and nodes, unless `load_balancer` is `local`) reach the API at."""
    load_balancer: LoadBalancer | None = None
    """How nodes reach the control planes. `local`: a haproxy on every node, on 127.0.0.1;
    `external`: `endpoint` is your own load balancer; `keepalived`: `endpoint` is a free address
    that the control planes hold by VRRP. Unset: `external` with an `endpoint`, otherwise `local`
    with more than one control plane, otherwise the one control plane itself."""
    load_balancer_port: int = Field(default=6444, ge=1024, le=65535)
    """Port of the `local` load balancer on 127.0.0.1."""
    network: NetworkSpec = Field(default_factory=NetworkSpec)
    artifacts: ArtifactSpec = Field(default_factory=ArtifactSpec)
    versions: VersionSpec = Field(default_factory=VersionSpec)
    images: list[ImageSpec] = Field(default_factory=list)
    """Images that every node has before they are needed: archives, or names in registries."""
    addons: list[AddonSpec] = Field(default_factory=list)
    """What else runs in the cluster: applied in this order, waited for, pruned when removed from
    the list. Names that kprov ships need nothing else: `[{name: metrics-server}]`."""
    tenants: list[TenantSpec] = Field(default_factory=list)
    """Namespaces for groups of people: `[{name: shop, members: [shop-dev], quota: {cpu: 4}}]`."""
    sandbox_image: str = "registry.k8s.io/pause:3.10"
    """The image every pod's sandbox runs."""
    pki: PkiSpec = Field(default_factory=PkiSpec)
    hardening: Literal["standard", "cis"] = "standard"
    """`standard`: what every cluster should have; `cis`: all that the CIS Kubernetes Benchmark asks
    of nodes and control planes (`kprov status --cis` shows it), at the price of convenience."""
    oidc: OidcSpec | None = None
    audit: AuditSpec = Field(default_factory=AuditSpec)
    feature_gates: dict[str, bool] = Field(default_factory=dict)
    """Feature gates of all Kubernetes components. One that kprov does not know can be given to a
    component by its `extra_args` (`feature-gates: Name=true`), which replace these there."""
    kube_apiserver: ApiServerSpec = Field(default_factory=ApiServerSpec)
    kube_controller_manager: ComponentSpec = Field(default_factory=ComponentSpec)
    kube_scheduler: ComponentSpec = Field(default_factory=ComponentSpec)
    kube_proxy: ComponentSpec = Field(default_factory=ComponentSpec)
    etcd: ComponentSpec = Field(default_factory=ComponentSpec)
    kubelet: KubeletSpec = Field(default_factory=KubeletSpec)
    containerd: ContainerdSpec = Field(default_factory=ContainerdSpec)
    proxy: ProxySpec | None = None
    """The proxy that hosts reach registries and downloads through; unset: they go directly."""
    roles: dict[Literal["before", "after"], dict[str, list[str]]] = Field(default_factory=dict)
    """Your own roles: `{after: {control: [my-role]}}`; phases as `kprov plan` names them."""
    azure: AzureSpec | None = None
    """The cluster as Azure knows it, with `provider: aks`."""
    pools: list[PoolSpec] = Field(default_factory=list)
    """Node pools, with `provider: aks`."""
    local: LocalSpec | None = None
    """Present: the hosts are machines that `kprov local up` makes on this computer."""

    @property
    def version(self) -> Version:
        """The Kubernetes version, comparable."""
        return Version.parse(self.kubernetes)

    def service_address(self, number: int) -> str:
        """The n-th address of the first service range: 1 is the API, 10 the cluster DNS."""
        return self.service_addresses(number)[0]

    def service_addresses(self, number: int) -> tuple[str, ...]:
        """The n-th address of every service range."""
        ranges = self.network.service_ranges
        return tuple(str(ipaddress.ip_network(text)[number]) for text in ranges)
