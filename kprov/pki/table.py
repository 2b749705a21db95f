"""Every leaf certificate of a cluster, as a table.

Subjects and usages follow Kubernetes' "PKI certificates and requirements"
(https://kubernetes.io/docs/setup/best-practices/certificates/) where the row says nothing else.
`{node}` in a subject is the host's name; the words in `names` stand for lists that
`CertificateContext.expand` knows.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from kprov.core.addresses import endpoint_parts
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import PkiError
from kprov.model.host import Host, Inventory
from kprov.pki.request import AuthorityName, CertificateRequest, Usage

Placement = Literal["etcd", "control-plane", "node", "controller"]
Names = Literal["loopback", "node", "control-planes", "endpoint", "service", "extra"]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of certificate. `user` owns the key file on the host."""

    name: str
    component: str
    on: Placement
    authority: AuthorityName
    subject: str
    groups: tuple[str, ...] = ()
    names: tuple[Names, ...] = ()
    usage: Usage = "client"
    user: str = "root"
    hours: int | None = None
    """Life in hours; None: cluster.pki.leaf_days."""


TABLE: tuple[Row, ...] = (
    # etcd. Server certificates are for both usages: before 3.5 the gRPC gateway of a member
    # presents its server certificate as a client (https://github.com/etcd-io/etcd/issues/9785),
    # and peers are each other's clients.
    Row("etcd-server", "etcd", "etcd", "etcd", "{node}",
        names=("loopback", "node"), usage="both", user="etcd"),
    Row("etcd-peer", "etcd", "etcd", "etcd", "{node}",
        names=("loopback", "node"), usage="both", user="etcd"),
    Row("etcd-healthcheck-client", "etcd", "etcd", "etcd", "kube-etcd-healthcheck-client"),
    Row("kube-apiserver-etcd-client", "kube-apiserver", "control-plane", "etcd",
        "kube-apiserver-etcd-client"),

    # kube-apiserver. Its client certificate for kubelets is no system:masters, as kubeadm had it:
    # kprov binds this group to the ClusterRole system:kubelet-api-admin, and no more.
    Row("kube-apiserver", "kube-apiserver", "control-plane", "kubernetes", "kube-apiserver",
        names=("loopback", "service", "endpoint", "control-planes", "extra"), usage="server"),
    Row("kube-apiserver-kubelet-client", "kube-apiserver", "control-plane", "kubernetes",
        "kube-apiserver-kubelet-client", groups=("kprov:kubelet-clients",)),
    Row("front-proxy-client", "kube-apiserver", "control-plane", "front-proxy",
        "front-proxy-client"),

    # The others that speak to the API: users that Kubernetes' own bootstrap RBAC knows.
    Row("kube-controller-manager", "kube-controller-manager", "control-plane", "kubernetes",
        "system:kube-controller-manager"),
    Row("kube-scheduler", "kube-scheduler", "control-plane", "kubernetes",
        "system:kube-scheduler"),
    Row("kube-proxy", "kube-proxy", "node", "kubernetes",
        "system:kube-proxy", groups=("system:node-proxier",)),

    # A proxy's health checks ask for /readyz, which Kubernetes' own ClusterRole
    # system:public-info-viewer shows to everybody it knows; this user has no other right.
    Row("api-healthcheck", "api-proxy", "node", "kubernetes", "kprov:api-healthcheck"),

    # The kubelet bootstraps with a certificate of one day, then makes its own key and asks for a
    # certificate by CSR (https://kubernetes.io/docs/reference/access-authn-authz/
    # kubelet-tls-bootstrapping/). What it serves with is from here: nobody has to approve a CSR.
    Row("kubelet-bootstrap", "kubelet", "node", "kubernetes",
        "system:bootstrap:{node}", groups=("system:bootstrappers",), hours=24),
    Row("kubelet-serving", "kubelet", "node", "kubernetes",
        "system:node:{node}", groups=("system:nodes",), names=("node",), usage="server"),

    # system:masters is the one group that needs no RBAC object: a group of our own would have to
    # be bound by somebody who may do that already. Hence it is one person's, and ends in a year.
    Row("admin", "kubeconfig", "controller", "kubernetes",
        "kubernetes-admin", groups=("system:masters",)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CertificateContext:
    """What the placeholders of the table stand for; `host` None means the controller."""

    cluster: ClusterSpec
    host: str | None
    addresses: tuple[str, ...]
    """The host's own addresses and other names."""
    control_planes: tuple[str, ...]
    """Names and addresses of all control planes."""

    def expand(self, word: Names) -> tuple[str, ...]:
        """The names and addresses that a word of the table stands for."""
        match word:
            case "loopback":
                return ("localhost", "127.0.0.1", "::1")
            case "node":
                return (self._node, *self.addresses)
            case "control-planes":
                return self.control_planes
            case "endpoint":
                endpoint = self.cluster.endpoint
                return () if endpoint is None else (endpoint_parts(endpoint)[0],)
            case "service":
                return service_names(self.cluster)
            case "extra":
                return tuple(self.cluster.kube_apiserver.extra_sans)

    @property
    def _node(self) -> str:
        if self.host is None:
            raise PkiError("a certificate of a host was asked for on behalf of the controller")
        return self.host


def certificate_context(
    inventory: Inventory, host: Host | None, addresses: Mapping[str, Sequence[str]] | None = None
) -> CertificateContext:
    """The context of a host. `addresses`: host name to its addresses, where more is known than
    the address that SSH connects to."""
    known = addresses or {}
    # The last one is where kubeconfigs for people lead, from outside of the cluster's network
    names = (
        name
        for plane in inventory.control_planes
        for name in (plane.name, *_of(plane, known), *_outside(plane))
    )
    return CertificateContext(
        cluster=inventory.cluster,
        host=None if host is None else host.name,
        addresses=() if host is None else _of(host, known),
        control_planes=tuple(dict.fromkeys(names)),
    )


def row(name: str) -> Row:
    """One row of the table; raises PkiError for a name that is not in it."""
    for found in TABLE:
        if found.name == name:
            return found
    names = [found.name for found in TABLE]
    close = difflib.get_close_matches(name, names, 1)
    raise PkiError(
        f"there is no certificate {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}",
    )


def certificate_request(name: str, context: CertificateContext) -> CertificateRequest:
    """A row with everything filled in, for one host. Raises PkiError for an unknown name."""
    found = row(name)
    names = (text for word in found.names for text in context.expand(word))
    hours = found.hours or context.cluster.pki.leaf_days * 24
    return CertificateRequest(
        name=found.name,
        authority=found.authority,
        common_name=found.subject.replace("{node}", context.host or ""),
        organizations=found.groups,
        alternative_names=tuple(dict.fromkeys(names)),
        usage=found.usage,
        lifetime=timedelta(hours=hours),
        host=context.host,
    )


def service_names(cluster: ClusterSpec) -> tuple[str, ...]:
    """The API's names and address inside the cluster: what pods connect to."""
    domain = cluster.network.domain
    return (
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        f"kubernetes.default.svc.{domain}",
        *cluster.service_addresses(1),
    )


def _of(host: Host, known: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(known.get(host.name, ())) or (host.connection.address,)


def _outside(host: Host) -> tuple[str, ...]:
    """The address that SSH connects to; not a name, which may be an alias that ssh_config knows."""
    try:
        return (str(ipaddress.ip_address(host.connection.address)),)
    except ValueError:
        return ()
