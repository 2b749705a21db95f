"""The table of certificates, filled in for real inventories."""

from __future__ import annotations

import pytest

from kprov.model.cluster import ApiServerSpec, ClusterSpec, NetworkSpec
from kprov.model.errors import PkiError
from kprov.model.host import Connection, Host, Inventory
from kprov.pki.table import TABLE, certificate_context, certificate_request

SPEC = ClusterSpec(
    name="demo",
    endpoint="api.example.com:8443",
    network=NetworkSpec(services="10.97.0.0/16", domain="k.example"),
    kube_apiserver=ApiServerSpec(extra_sans=["203.0.113.7", "cp1"]),
)


def host(name: str, address: str, *groups: str) -> Host:
    return Host(name=name, connection=Connection(address=address), groups=frozenset(groups))


CP1 = host("cp1", "192.0.2.11", "kube_control_plane")
CP2 = host("cp2", "192.0.2.12", "kube_control_plane")
W1 = host("w1", "192.0.2.21", "kube_node")
INVENTORY = Inventory(
    path="hosts.yaml",
    cluster=SPEC,
    hosts=(CP1, CP2, W1),
    groups={"kube_control_plane": ("cp1", "cp2"), "kube_node": ("w1",)},
)


def test_names_are_unique_and_every_row_can_be_filled_in() -> None:
    """No two rows share a name; each makes a request with all placeholders gone."""
    assert len({row.name for row in TABLE}) == len(TABLE)
    for row in TABLE:
        on = None if row.on == "controller" else CP1
        request = certificate_request(row.name, certificate_context(INVENTORY, on))
        assert "{" not in request.common_name
        assert bool(request.alternative_names) == (row.usage != "client")
        assert request.lifetime.days == (1 if row.name == "kubelet-bootstrap" else 365)


def test_the_apiserver_answers_to_every_name_it_is_called_by() -> None:
    """Loopback, service, endpoint, all control planes, extra names: each once, same on all."""
    request = certificate_request("kube-apiserver", certificate_context(INVENTORY, CP1))
    assert request.alternative_names == (
        "localhost", "127.0.0.1", "::1",
        "kubernetes", "kubernetes.default", "kubernetes.default.svc",
        "kubernetes.default.svc.k.example", "10.97.0.1",
        "api.example.com",
        "cp1", "192.0.2.11", "cp2", "192.0.2.12",
        "203.0.113.7",
    )  # fmt: skip
    other = certificate_request("kube-apiserver", certificate_context(INVENTORY, CP2))
    assert other.alternative_names == request.alternative_names
    assert request.usage == "server"


def test_nodes_carry_their_own_names_and_addresses_only() -> None:
    """What is known about a host's addresses replaces the one that SSH uses."""
    context = certificate_context(INVENTORY, W1, {"w1": ("10.0.0.21", "fd00::21")})
    request = certificate_request("kubelet-serving", context)
    assert request.alternative_names == ("w1", "10.0.0.21", "fd00::21")
    assert (request.common_name, request.organizations) == ("system:node:w1", ("system:nodes",))


def test_only_the_admin_is_in_system_masters() -> None:
    """No component holds the group that RBAC does not limit."""
    assert [row.name for row in TABLE if "system:masters" in row.groups] == ["admin"]


def test_bootstrap_certificates_name_their_node() -> None:
    """The user and group that the node bootstrapper role is bound to, for one day."""
    request = certificate_request("kubelet-bootstrap", certificate_context(INVENTORY, W1))
    assert request.common_name == "system:bootstrap:w1"
    assert request.organizations == ("system:bootstrappers",)
    assert request.lifetime.total_seconds() == 24 * 3600


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """Roles name certificates: a typing error is the author's to find."""
    with pytest.raises(PkiError, match="did you mean kube-apiserver"):
        certificate_request("kube-apiservr", certificate_context(INVENTORY, CP1))


def test_a_host_certificate_for_the_controller_is_refused() -> None:
    """It would carry an empty name."""
    with pytest.raises(PkiError, match="on behalf of the controller"):
        certificate_request("etcd-server", certificate_context(INVENTORY, None))


def test_people_reach_the_api_where_ssh_does() -> None:
    """Kubeconfigs lead to that address, whichever one the control plane has in the cluster."""
    known = {"cp1": ("fd00::11",)}
    request = certificate_request("kube-apiserver", certificate_context(INVENTORY, CP1, known))
    assert {"fd00::11", CP1.connection.address} <= set(request.alternative_names)
