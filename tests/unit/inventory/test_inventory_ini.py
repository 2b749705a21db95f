"""INI inventories by Ansible's rules."""

from __future__ import annotations

import pytest
from inventory_folder import Folder

INI = """
# a comment
bare ansible_host=192.0.2.99
; another comment
[kube_control_plane]
cp[1:3]:2222 ansible_user=ops note="two words" list="[1, 2]" number=7 yes=True lower=true # end

[kube_node:children]
workers
[workers]
w01 ansible_host=192.0.2.21
[workers:vars]
colour = light blue
count=3
motto=it's text
[all:vars]
ansible_become=true
"""


def test_groups_children_vars_and_ranges(folder: Folder) -> None:
    """Sections, host lines with quoting, and values typed as Ansible types them."""
    folder.write("hosts.ini", INI)
    inventory = folder.load("hosts.ini")
    assert inventory.groups["kube_control_plane"] == ("cp1", "cp2", "cp3")
    assert inventory.groups["kube_node"] == ("w01",)
    assert inventory.groups["ungrouped"] == ("bare",)
    cp2 = inventory.host("cp2")
    assert (cp2.connection.port, cp2.connection.user, cp2.connection.become) == (2222, "ops", True)
    got = {key: cp2.vars[key] for key in ("note", "list", "number", "yes", "lower")}
    assert got == {"note": "two words", "list": [1, 2], "number": 7, "yes": True, "lower": "true"}
    w01 = inventory.host("w01").vars
    assert (w01["colour"], w01["count"], w01["motto"]) == ("light blue", 3, "it's text")


def test_a_file_without_extension_is_recognised(folder: Folder) -> None:
    """`hosts` with sections is INI, with `all:` it is YAML."""
    folder.write("hosts", "[kube_control_plane]\ncp1\n")
    assert [host.name for host in folder.load("hosts").hosts] == ["cp1"]
    folder.write("hosts", "# yaml\nkube_control_plane:\n  hosts: {cp2: {}}\n")
    assert [host.name for host in folder.load("hosts").hosts] == ["cp2"]


def test_a_host_that_is_in_a_group_is_not_ungrouped(folder: Folder) -> None:
    """Hosts listed first and sorted into groups later, as in Kubespray's documentation."""
    folder.write("hosts.ini", "cp1 ansible_host=192.0.2.1\n[kube_control_plane]\ncp1\n")
    inventory = folder.load("hosts.ini")
    assert "ungrouped" not in inventory.groups
    assert inventory.host("cp1").connection.address == "192.0.2.1"


def test_the_spec_comes_from_group_vars_or_a_file_beside(folder: Folder) -> None:
    """INI has no place for `cluster`: group_vars/all or cluster.yaml hold it."""
    folder.write("hosts.ini", "[kube_control_plane]\ncp1\n")
    folder.write("group_vars/all.yml", "cluster: {name: one}\n")
    assert folder.load("hosts.ini").cluster.name == "one"
    (folder.path / "group_vars/all.yml").unlink()
    folder.write("cluster.yaml", "name: two\n")
    assert folder.load("hosts.ini").cluster.name == "two"
    folder.write("cluster.yaml", "cluster:\n  name: three\n")
    assert folder.load("hosts.ini").cluster.name == "three"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[broken", "hosts.ini:3: '[broken' is not a section"),
        ("[two words]", "hosts.ini:3: '[two words]' is not a section"),
        ("[w:childs]", "hosts.ini:3: section [w:childs] is of an unknown kind\n    did you mean"),
        (
            "[kube_node]\nw1 ansible_user",
            "hosts.ini:4: 'ansible_user' behind a host name, expected key=value",
        ),
        ('cp1 a="b', "hosts.ini:3: no closing quotation"),
        ("cp[1-3]", "hosts.ini:3: [1-3] is not a range"),
        ("cp0", "hosts.ini:3: host 'cp0' is in group 'kube_control_plane' a second time"),
        ("[kube_node:children]\nworker", "hosts.ini:4: unknown group 'worker'"),
        ("[worker:vars]\na=1", "hosts.ini:3: unknown group 'worker'"),
        (
            "[kube_node]\n[kube_node:vars]\njust text",
            "hosts.ini:5: 'just text' in [kube_node:vars]",
        ),
    ],
)
def test_what_is_wrong_names_the_line(folder: Folder, line: str, problem: str) -> None:
    """Each fault of an INI file comes with its line."""
    text = f"[kube_control_plane]\ncp0\n{line}\n"
    assert folder.problem(text, name="hosts.ini").startswith(problem)


def test_an_undefined_group_has_a_suggestion(folder: Folder) -> None:
    """A child group that is nearly one that exists."""
    text = "[kube_control_plane]\ncp0\n[workers]\nw1\n[kube_node:children]\nworker\n"
    assert "did you mean 'workers'?" in folder.problem(text, name="hosts.ini")
