"""Inventories written for Kubespray load unchanged."""

from __future__ import annotations

import pytest
from inventory_folder import Folder

from kprov.model.host import Inventory

# The shape of Kubespray's documentation (docs/ansible/inventory.md), comments included.
INI = """
## Configure 'ip' variable to bind kubernetes services on a
## different ip than the default iface
node1 ansible_host=95.54.0.12 ip=10.3.0.1
node2 ansible_host=95.54.0.13 ip=10.3.0.2
node3 ansible_host=95.54.0.14 ip=10.3.0.3 etcd_member_name=etcd3
node4 ansible_host=95.54.0.15 ip=10.3.0.4

[kube_control_plane]
node1
node2

[etcd]
node1
node2
node3

[kube_node]
node2
node3
node4
"""
OLD_INI = (
    INI.replace("[kube_control_plane]", "[kube-master]").replace("[kube_node]", "[kube-node]")
    + """
[calico-rr]

[k8s-cluster:children]
kube-master
kube-node
calico-rr
"""
)
YAML = """
all:
  hosts:
    node1: {ansible_host: 95.54.0.12, ip: 10.3.0.1, access_ip: 10.3.0.1}
    node2: {ansible_host: 95.54.0.13, ip: 10.3.0.2, access_ip: 10.3.0.2}
    node3: {ansible_host: 95.54.0.14, ip: 10.3.0.3, access_ip: 10.3.0.3}
    node4: {ansible_host: 95.54.0.15, ip: 10.3.0.4, access_ip: 10.3.0.4}
  children:
    kube_control_plane:
      hosts:
        node1:
        node2:
    kube_node:
      hosts:
        node2:
        node3:
        node4:
    etcd:
      hosts:
        node1:
        node2:
        node3:
    k8s_cluster:
      children:
        kube_control_plane:
        kube_node:
    calico_rr:
      hosts: {}
"""
# Values of the kinds its sample group_vars have, templates that only Ansible resolves among them.
ALL_VARS = """
---
bin_dir: /usr/local/bin
# loadbalancer_apiserver:
#   address: 1.2.3.4
no_proxy_exclude_workers: false
ntp_servers:
  - "0.pool.ntp.org iburst"
"""
CLUSTER_VARS = """
---
kube_config_dir: /etc/kubernetes
kube_script_dir: "{{ bin_dir }}/kubernetes-scripts"
kube_version: 1.35.4
kube_network_plugin: calico
kube_service_addresses: 10.233.0.0/18
kube_pods_subnet: 10.233.64.0/18
kube_network_node_prefix: 25
kube_proxy_mode: ipvs
kube_apiserver_ip: "{{ kube_service_subnets.split(',') | first | ansible.utils.ipaddr('net') }}"
cluster_name: cluster.example
dns_domain: "{{ cluster_name }}"
dns_mode: coredns
container_manager: containerd
etcd_version: 3.5.21
kubeadm_certificate_key: "{{ lookup('password', credentials_dir + '/key length=64') | lower }}"
kube_reserved: true
"""


def check(inventory: Inventory) -> None:
    def names(group: str) -> list[str]:
        return [host.name for host in inventory.select(group)]

    assert names("kube_control_plane") == ["node1", "node2"]
    assert names("kube_node") == ["node2", "node3", "node4"]
    assert [host.name for host in inventory.etcd] == ["node1", "node2", "node3"]
    assert sorted(names("k8s_cluster")) == ["node1", "node2", "node3", "node4"]
    assert inventory.host("node4").connection.address == "95.54.0.15"
    assert inventory.host("node4").vars["ip"] == "10.3.0.4"


@pytest.mark.parametrize("text", [INI, OLD_INI], ids=["current", "old group names"])
def test_its_ini_inventories_load(folder: Folder, text: str) -> None:
    """Hosts first, then groups; old spellings of groups included."""
    folder.write("inventory.ini", text)
    check(folder.load("inventory.ini"))


def test_its_yaml_inventories_load(folder: Folder) -> None:
    """Hosts under `all`, groups referring to them."""
    folder.write("hosts.yaml", YAML)
    check(folder.load("hosts.yaml"))


@pytest.mark.parametrize("name", [".", "inventory.ini"])
def test_its_variables_are_honoured_and_the_rest_reported_once(folder: Folder, name: str) -> None:
    """What means the same is taken over; one warning lists what does not; nothing fails."""
    folder.write("inventory.ini", INI)
    folder.write("group_vars/all/all.yml", ALL_VARS)
    folder.write("group_vars/k8s_cluster/k8s-cluster.yml", CLUSTER_VARS)
    inventory = folder.load(name)
    check(inventory)
    cluster = inventory.cluster
    assert cluster.kubernetes == "v1.35.4"
    assert (cluster.network.pods, cluster.network.services) == ("10.233.64.0/18", "10.233.0.0/18")
    assert (cluster.network.node_mask, cluster.network.proxy) == (25, "ipvs")
    assert (cluster.network.domain, cluster.network.dns) == ("cluster.example", True)
    assert cluster.versions.etcd == "v3.5.21"
    assert cluster.network.cni == "bridge"
    ignored, calico = inventory.warnings
    assert ignored == (
        "8 variables mean nothing to kprov and will be ignored: etcd_member_name, "
        "kube_apiserver_ip, kube_config_dir, kube_reserved, kube_script_dir, "
        "kubeadm_certificate_key, no_proxy_exclude_workers, ntp_servers"
    )
    assert "kprov does not install calico" in calico
    assert "kube_reserved" not in inventory.host("node1").vars


def test_group_vars_of_old_names_are_read(folder: Folder) -> None:
    """group_vars/k8s-cluster.yml belongs to k8s_cluster."""
    folder.write("inventory.ini", OLD_INI)
    folder.write("group_vars/k8s-cluster.yml", "kube_version: v1.34.1\n")
    assert folder.load("inventory.ini").cluster.kubernetes == "v1.34.1"


def test_k8s_cluster_need_not_be_written(folder: Folder) -> None:
    """Kubespray makes the group of control planes and nodes; its group_vars count."""
    folder.write("inventory.ini", INI)
    folder.write("group_vars/k8s_cluster.yml", "kube_proxy_mode: nftables\n")
    assert folder.load("inventory.ini").cluster.network.proxy == "nftables"


def test_the_spec_wins_over_kubesprays_variables(folder: Folder) -> None:
    """`cluster:` says it, the variable does not count; what it leaves out is taken over."""
    inventory = folder.read(
        """
        cluster: {kubernetes: v1.36.2, network: {pods: 10.32.0.0/16}}
        all:
          vars: {kube_version: v1.30.1, kube_pods_subnet: 10.1.0.0/16, mine: 1,
                 kube_service_addresses: 10.2.0.0/16, kube_log_level: 2}
        kube_control_plane: {hosts: {cp1: }}
        kube_node: {hosts: {w1: }}
        """
    )
    assert inventory.cluster.kubernetes == "v1.36.2"
    assert inventory.cluster.network.pods == "10.32.0.0/16"
    assert inventory.cluster.network.services == "10.2.0.0/16"
    assert inventory.warnings == (
        "1 variable means nothing to kprov and will be ignored: kube_log_level",
    )


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        ("loadbalancer_apiserver: {address: 192.0.2.9, port: 8443}", "endpoint", "192.0.2.9:8443"),
        ("loadbalancer_apiserver: {address: 192.0.2.9}", "endpoint", "192.0.2.9:6443"),
        ("kube_network_plugin: cni", "network.cni", "none"),
        ("kube_network_plugin: none", "network.cni", "none"),
        ("kube_proxy_remove: true", "network.proxy", "none"),
        ("dns_mode: none", "network.dns", False),
        (
            "supplementary_addresses_in_ssl_keys: [10.0.0.1]",
            "kube_apiserver.extra_sans",
            ["10.0.0.1"],
        ),
        ("kube_apiserver_port: 7443", "kube_apiserver.port", 7443),
        ("containerd_version: 2.1.4", "versions.containerd", "2.1.4"),
        ("cni_version: 1.8.0", "versions.cni_plugins", "v1.8.0"),
    ],
)
def test_each_variable_that_means_the_same(
    folder: Folder, variables: str, field: str, value: object
) -> None:
    """One variable, the field of the spec it fills."""
    found: object = folder.read(
        f"all:\n  vars:\n    {variables}\nkube_control_plane: {{hosts: {{cp1: }}}}\n"
    ).cluster
    for step in field.split("."):
        found = getattr(found, step)
    assert found == value


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ("container_manager: docker", "container_manager is 'docker', expected 'containerd'"),
        ("loadbalancer_apiserver: {port: 1}", "loadbalancer_apiserver has no address"),
        ("kube_version: v1.28.1", "Kubernetes v1.28.1 is not supported"),
        ("kube_pods_subnet: all", "`cluster.network.pods`: 'all' is not a network"),
        ("kube_proxy_mode: userspace", "`cluster.network.proxy` is the text 'userspace'"),
        ('kube_version: "{{ nowhere }}"', "kube_version: undefined variable 'nowhere'"),
    ],
)
def test_a_variable_that_cannot_be_honoured_names_its_line(
    folder: Folder, variables: str, problem: str
) -> None:
    """The line in the file where Kubespray's variable stands."""
    text = f"all:\n  vars:\n    {variables}\nkube_control_plane: {{hosts: {{cp1: }}}}\n"
    assert folder.problem(text).startswith(f"inv.yaml:3: {problem}")


def test_variables_of_kprovs_roles_are_not_ignored(folder: Folder) -> None:
    """What a role has a default for means something, the user's own roles included."""
    folder.write("roles/mine/defaults.yaml", "my_setting: 1\n")
    text = "all: {vars: {my_setting: 2, etcd_quota_backend_bytes: 1, other: 3}}\n"
    inventory = folder.read(
        text + "kube_control_plane: {hosts: {cp1: }}\nkube_node: {hosts: {w1: }}"
    )
    assert inventory.warnings == ("1 variable means nothing to kprov and will be ignored: other",)


def test_the_implied_k8s_cluster_changes_no_order(folder: Folder) -> None:
    """Control planes stay at the depth they are written at: the last name of a depth wins."""
    inventory = folder.read(
        """
        kube_control_plane: {hosts: {cp1: }, vars: {v: control plane}}
        parent: {children: {child: {hosts: {cp1: }, vars: {v: child}}}}
        """
    )
    assert inventory.host("cp1").vars["v"] == "child"
