"""Tables and Terraform's JSON as inventories, and `init --from`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from inventory_folder import Folder

from kprov.inventory.terraform_resources import MACHINES as MACHINE_TYPES
from kprov.inventory.transfer import transferred
from kprov.model.host import Inventory

TABLE = """\
name,address,groups,user,max_pods
cp1,192.0.2.11,kube_control_plane etcd,ubuntu,
# a note
"w[1:2]",,kube_node,ubuntu,50
"""


def output(**values: object) -> str:
    """As `terraform output -json` prints it."""
    its = {name: {"sensitive": False, "type": "x", "value": v} for name, v in values.items()}
    return json.dumps(its)


def state(*found: dict[str, Any], outputs: dict[str, Any] | None = None) -> str:
    """As `terraform show -json` prints it: the first resource in the root, the rest in a module."""
    resources = [{"mode": "managed", **resource} for resource in found]
    root = {"resources": resources[:1], "child_modules": [{"resources": resources[1:]}]}
    values = {"root_module": root, "outputs": outputs or {}}
    return json.dumps({"format_version": "1.0", "terraform_version": "1.9.0", "values": values})


def addresses(inventory: Inventory, group: str) -> dict[str, str]:
    return {host.name: host.connection.address for host in inventory.select(group)}


def test_table(folder: Folder) -> None:
    """Short names of columns, ranges, several groups, numbers, comments, empty cells."""
    folder.write("hosts.csv", TABLE)
    inventory = folder.load("hosts.csv")
    assert addresses(inventory, "kube_control_plane") == {"cp1": "192.0.2.11"}
    assert addresses(inventory, "etcd") == {"cp1": "192.0.2.11"}
    assert addresses(inventory, "kube_node") == {"w1": "w1", "w2": "w2"}
    assert inventory.host("w1").connection.user == "ubuntu"
    assert inventory.host("w1").vars["max_pods"] == 50
    assert "max_pods" not in inventory.host("cp1").vars


@pytest.mark.parametrize("mark", [";", "\t"])
def test_table_of_another_spreadsheet(folder: Folder, mark: str) -> None:
    """Semicolons where a comma is the decimal mark, tabs from the clipboard."""
    folder.write("hosts.csv", f"name{mark}groups\ncp1{mark}kube_control_plane kube_node\n")
    assert list(addresses(folder.load("hosts.csv"), "kube_node")) == ["cp1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("host,groups\ncp1,x\n", "hosts.csv:1: this table has no column `name`"),
        ("name,group\ncp1,x\n", "hosts.csv:1: this table has no column `groups`\n    did you mean"),
        ("name,groups\ncp1,kube_control_plane,1,2\n", "hosts.csv:2: 4 cells, but the first line"),
        ("name,groups\n,kube_control_plane\n", "hosts.csv:2: a line without a name"),
        ("name,groups\ncp[3:1],kube_control_plane\n", "hosts.csv:2: [3:1] runs backwards"),
    ],
)
def test_bad_tables(folder: Folder, text: str, problem: str) -> None:
    """The line, and what was expected there."""
    assert any(its.startswith(problem) for its in folder.problems(text, name="hosts.csv"))


def test_terraform_output(folder: Folder) -> None:
    """Lists of addresses, mappings, objects; variables and the spec beside them."""
    text = output(
        kube_control_plane=["192.0.2.11", "192.0.2.12", "192.0.2.13"],
        kube_node={"w1": {"address": "192.0.2.21", "port": 2222}, "w2": "192.0.2.22"},
        etcd=[{"name": "db1", "address": "192.0.2.31", "ip": "10.0.0.31"}],
        vars={"user": "ubuntu"},
        cluster={"name": "tf", "kubernetes": "v1.35.1"},
        endpoint="api.example.com:6443",
        vpc="vpc-1",
    )
    folder.write("out.json", text)
    inventory = folder.load("out.json")
    assert list(addresses(inventory, "kube_control_plane")) == ["cp1", "cp2", "cp3"]
    assert addresses(inventory, "kube_node") == {"w1": "192.0.2.21", "w2": "192.0.2.22"}
    assert inventory.host("w1").connection.port == 2222
    assert inventory.host("db1").vars["ip"] == "10.0.0.31"
    assert {host.connection.user for host in inventory.hosts} == {"ubuntu"}
    assert inventory.cluster.name == "tf"
    assert inventory.cluster.endpoint == "api.example.com:6443"


MACHINES = [
    ("aws_instance", {"tags": {"Name": "n", "kprov_groups": "kube_control_plane,kube_node"},
                      "public_ip": "192.0.2.1", "private_ip": "10.0.0.1"}),
    ("azurerm_linux_virtual_machine", {"name": "n", "private_ip_address": "10.0.0.1",
        "public_ip_address": "192.0.2.1",
        "tags": {"kprov_groups": "kube_control_plane kube_node"}}),
    ("google_compute_instance", {"name": "n", "labels": {
        "kprov_groups": "kube_control_plane__kube_node"}, "network_interface": [
        {"network_ip": "10.0.0.1", "access_config": [{"nat_ip": "192.0.2.1"}]}]}),
    ("openstack_compute_instance_v2", {"name": "n", "access_ip_v4": "192.0.2.1",
        "network": [{"fixed_ip_v4": "10.0.0.1"}],
        "metadata": {"kprov_groups": "kube_control_plane,kube_node"}}),
    ("hcloud_server", {"name": "n", "ipv4_address": "192.0.2.1", "network": [{"ip": "10.0.0.1"}],
        "labels": {"kprov_groups": "kube_control_plane__kube_node"}}),
    ("digitalocean_droplet", {"name": "n", "ipv4_address": "192.0.2.1",
        "ipv4_address_private": "10.0.0.1",
        "tags": ["web", "kprov_groups-kube_control_plane", "kprov_groups-kube_node"]}),
    ("ansible_host", {"name": "n", "groups": ["kube_control_plane", "kube_node"],
        "variables": {"ansible_host": "192.0.2.1", "ip": "10.0.0.1"}}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values"), MACHINES, ids=[kind for kind, _ in MACHINES])
def test_terraform_state(folder: Folder, kind: str, values: dict[str, Any]) -> None:
    """A tagged machine of each provider; machines without the tag are somebody else's."""
    other = {"type": "aws_instance", "values": {"tags": {"Name": "db"}, "private_ip": "10.0.0.9"}}
    mine = {"type": kind, "address": f"{kind}.n", "values": values}
    folder.write("state.json", state(other, mine))
    inventory = folder.load("state.json")
    assert addresses(inventory, "kube_control_plane") == {"n": "192.0.2.1"}
    assert addresses(inventory, "kube_node") == {"n": "192.0.2.1"}
    assert inventory.host("n").vars["ip"] == "10.0.0.1"
    assert len(inventory.hosts) == 1


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("vsphere_virtual_machine", {"name": "n", "default_ip_address": "10.0.0.1",
            "extra_config": {"kprov_groups": "kube_control_plane"}}),
        ("proxmox_virtual_environment_vm", {"name": "n",
            "ipv4_addresses": [["127.0.0.1"], ["10.0.0.1"]],
            "tags": ["kprov_groups-kube_control_plane"]}),
    ],
)  # fmt: skip
def test_machines_with_one_address(folder: Folder, kind: str, values: dict[str, Any]) -> None:
    """It is both: what SSH connects to, and the address in the cluster."""
    folder.write("state.json", state({"type": kind, "address": f"{kind}.n", "values": values}))
    inventory = folder.load("state.json")
    assert addresses(inventory, "kube_control_plane") == {"n": "10.0.0.1"}
    assert "ip" not in inventory.host("n").vars


def test_every_machine_type_is_tried() -> None:
    """A row that no test has seen work would be a guess."""
    tried = {kind for kind, _ in MACHINES} | {
        "vsphere_virtual_machine", "proxmox_virtual_environment_vm",
    }  # fmt: skip
    assert tried >= MACHINE_TYPES.keys()


def test_terraform_without_hosts(folder: Folder) -> None:
    """It says what it would have taken."""
    for text in (output(vpc="vpc-1"), state()):
        (problem,) = folder.problems(text, name="tf.json")
        assert "no hosts in this output of Terraform" in problem
        assert "kube_control_plane" in problem or "kprov_groups" in problem


def test_carried_over(folder: Folder) -> None:
    """The new inventory has the same hosts, groups, connections and settings; the rest is named."""
    folder.write("old/hosts.ini", (
        "[all:vars]\nansible_user=ubuntu\n[kube_control_plane]\ncp1 ansible_host=192.0.2.11\n"
        "[kube_node]\nw1 ansible_host=192.0.2.21 ansible_port=2222\nw2 ansible_host=192.0.2.22\n"
        "[etcd:children]\nkube_control_plane\n"
    ))  # fmt: skip
    folder.write("old/group_vars/k8s_cluster.yml", (
        "kube_version: v1.35.4\nkube_pods_subnet: 10.233.64.0/18\nkube_proxy_mode: nftables\n"
        "kube_config_dir: /etc/kubernetes\nbin_dir: /opt/bin\ncalico_mtu: 1400\nmax_pods: 60\n"
        "something: else\n"
    ))  # fmt: skip
    old = folder.load("old/hosts.ini")
    transfer = transferred(old, "new.yaml")
    folder.write("new.yaml", transfer.text)
    new = folder.load("new.yaml")
    assert new.warnings == ()
    assert {host.name: host.connection for host in new.hosts} == {
        host.name: host.connection for host in old.hosts
    }
    for group in ("kube_control_plane", "kube_node", "etcd"):
        assert addresses(new, group) == addresses(old, group)
    assert new.cluster == old.cluster
    assert new.host("w1").vars["max_pods"] == 60
    assert new.host("w1").vars["bin_dir"] == "/opt/bin"
    assert set(transfer.left_out) == {"kube_config_dir", "calico_mtu", "something"}
    assert "/etc/kubernetes" in transfer.left_out["kube_config_dir"]
    assert transfer.left_out["something"] == "nothing in kprov means the same"
