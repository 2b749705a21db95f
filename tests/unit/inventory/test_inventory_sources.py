"""Programs that answer --list, saved lists, folders of inventories, `-e`."""

from __future__ import annotations

import json

import pytest
from inventory_folder import HOSTS, Folder

LIST = {
    "all": {"vars": {"ansible_user": "ops"}, "children": ["kube_node"]},
    "kube_control_plane": ["cp1"],
    "kube_node": {"hosts": ["w1"], "vars": {"colour": "blue"}},
    "_meta": {"hostvars": {"cp1": {"ansible_host": "192.0.2.1"}, "elsewhere": {"a": 1}}},
}


def program(folder: Folder, body: str, name: str = "inv.sh") -> str:
    folder.write(name, f"#!/bin/sh\n{body}\n").chmod(0o755)
    return name


def test_a_program_is_run_with_list(folder: Folder) -> None:
    """`--list` is asked once; groups, vars and hostvars count."""
    folder.write("list.json.txt", json.dumps(LIST))
    name = program(folder, f'[ "$1" = --list ] && cat {folder.path}/list.json.txt')
    inventory = folder.load(name, environ={"PATH": "/usr/bin:/bin"})
    assert [host.name for host in inventory.hosts] == ["cp1", "w1"]
    assert inventory.host("cp1").connection.address == "192.0.2.1"
    assert inventory.host("w1").vars["colour"] == "blue"
    assert inventory.host("w1").connection.user == "ops"


def test_a_program_without_meta_is_asked_for_every_host(folder: Folder) -> None:
    """The old protocol: `--host NAME`."""
    answer = 'case $1 in --list) echo "{\\"kube_control_plane\\": [\\"cp1\\"]}";;'
    answer += ' --host) echo "{\\"ansible_host\\": \\"192.0.2.$#\\"}";; esac'
    inventory = folder.load(program(folder, answer), environ={"PATH": "/usr/bin:/bin"})
    assert inventory.host("cp1").connection.address == "192.0.2.2"


def test_a_saved_list_is_read_like_the_program(folder: Folder) -> None:
    """`ansible-inventory --list > hosts.json` is an inventory."""
    folder.write("hosts.json", json.dumps(LIST, indent="\t"))
    assert folder.load("hosts.json").host("cp1").connection.address == "192.0.2.1"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "echo no network >&2; exit 7",
            "`inv.sh --list` ended with exit code 7\n    it said: no net",
        ),
        ("echo nonsense", "`inv.sh --list` printed no JSON"),
        ("echo '[1]'", "`inv.sh --list` printed list, not an object"),
        ('echo \'{"g": 5, "_meta": {"hostvars": {}}}\'', "group 'g' is the number 5"),
        ('echo \'{"g": {"hosts": 5}, "_meta": {}}\'', "`hosts` of group 'g' is the number 5"),
    ],
)
def test_a_program_that_fails_is_quoted(folder: Folder, body: str, problem: str) -> None:
    """What went wrong with an executable inventory, and what it said."""
    name = program(folder, body)
    assert folder.problems_of(name)[0].startswith(f"inv.sh: {problem}")


def test_an_executable_bit_alone_does_not_make_a_program(folder: Folder) -> None:
    """On shared folders every file is executable; YAML stays YAML."""
    folder.write("inv.yaml", HOSTS).chmod(0o755)
    assert len(folder.load().hosts) == 2


def test_a_folder_is_read_in_name_order(folder: Folder) -> None:
    """All inventories of a folder together, without what Ansible ignores."""
    folder.write("10-hosts.ini", "[kube_control_plane]\ncp1 ansible_host=192.0.2.1 v=1\n")
    folder.write("20-more.yaml", "kube_node: {hosts: {w1: {}, cp1: {v: 2}}}\n")
    folder.write("sub/30", "[kube_node]\nw2\n")
    folder.write("cluster.yaml", "name: from-file\n")
    folder.write("group_vars/kube_node.yml", "colour: red\n")
    for ignored in ("a.bak", ".hidden", "README.md", "x.retry", "roles/r/tasks.yaml"):
        folder.write(ignored, "not: [an inventory")
    inventory = folder.load(".")
    assert [host.name for host in inventory.hosts] == ["cp1", "w1", "w2"]
    assert inventory.host("cp1").vars["v"] == 2
    assert inventory.host("w2").vars["colour"] == "red"
    assert inventory.cluster.name == "from-file"


def test_an_empty_folder_is_no_inventory(folder: Folder) -> None:
    """A folder without a readable file says so."""
    folder.write("README.md", "hello")
    (problem,) = folder.problems_of(".")
    assert "no inventory in this folder" in problem


def test_every_file_of_a_folder_is_checked(folder: Folder) -> None:
    """A broken file does not hide the faults of the next."""
    folder.write("1.yaml", "kube_node: [\n")
    folder.write("2.ini", "[broken\n")
    found = folder.problems_of(".")
    assert found[0].startswith("1.yaml:2: YAML syntax")
    assert found[1].startswith("2.ini:1: '[broken'")


@pytest.mark.parametrize(
    "override",
    [
        "cluster.kubernetes=v1.35.1",
        '{"cluster": {"kubernetes": "v1.35.1"}}',
        '{"cluster.kubernetes": "v1.35.1"}',
        "cluster={kubernetes: v1.35.1}",
        "@FOLDER/extra.yaml",
        "other=1 cluster.kubernetes=v1.35.1",
    ],
)
def test_e_overrides_the_spec(folder: Folder, override: str) -> None:
    """Every form of `-e` reaches the cluster spec and leaves its other fields alone."""
    folder.write("extra.yaml", "cluster:\n  kubernetes: v1.35.1\n")
    text = "cluster: {name: demo, kubernetes: v1.36.2}\n" + HOSTS
    cluster = folder.read(text, override.replace("FOLDER", str(folder.path))).cluster
    assert (cluster.name, cluster.kubernetes) == ("demo", "v1.35.1")


def test_e_values_are_yaml_and_the_last_wins(folder: Folder) -> None:
    """Numbers, mappings, lists and nothing can be said on the command line."""
    inventory = folder.read(
        "cluster: {endpoint: 'api:6443', network: {pods: 10.32.0.0/16}}\n" + HOSTS,
        "cluster.network.node_mask=25",
        "cluster.network.node_mask=26",
        "cluster.endpoint=",
        "cluster.kubelet.config={maxPods: 60}",
        "cluster.kube_apiserver.extra_sans=[a.example.com]",
        "answer=42 text='two words'",
    )
    cluster = inventory.cluster
    assert (cluster.network.node_mask, cluster.network.pods) == (26, "10.32.0.0/16")
    assert cluster.endpoint is None
    assert cluster.kubelet.config == {"maxPods": 60}
    assert cluster.kube_apiserver.extra_sans == ["a.example.com"]
    assert (inventory.host("w1").vars["answer"], inventory.host("w1").vars["text"]) == (
        42,
        "two words",
    )


def test_a_password_by_e_is_taken_as_it_is(folder: Folder) -> None:
    """YAML would cut a comment, read 0123 as octal and refuse @: a password is none of that."""
    for password in ("a #b", "0123", "@x", "{y", "%z", "null"):
        inventory = folder.read(HOSTS, f"ansible_become_password={password}")
        secret = inventory.host("w1").connection.become_password
        assert secret is not None
        assert secret.reveal() == password
        assert password not in repr(inventory)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("nonsense", "-e 'nonsense' has no '='"),
        ("[1, 2]", "-e {...}: this is not a mapping"),
        ("{broken", "-e {...}:2: YAML syntax"),
        ("@missing.yaml", "missing.yaml: no such file"),
        ("cluster.kubernets=v1", "-e cluster.kubernets: unknown key 'kubernets' in `cluster`"),
        (
            "cluster.network.node_mask=x",
            "-e cluster.network.node_mask: `cluster.network.node_mask`",
        ),
    ],
)
def test_a_wrong_override_is_named(folder: Folder, override: str, problem: str) -> None:
    """Problems of `-e` carry the name of the override as their place."""
    assert folder.problem(HOSTS, override).startswith(problem)


def test_toml_is_refused_with_a_way_out(folder: Folder) -> None:
    """A format that Ansible has and kprov does not read."""
    folder.write("hosts.toml", "[kube_node.hosts]\nw1 = {}\n")
    assert "TOML inventories are not read" in folder.problems_of("hosts.toml")[0]
