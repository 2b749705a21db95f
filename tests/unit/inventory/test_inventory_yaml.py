"""YAML inventories: groups, children, ranges, variables and their precedence."""

from __future__ import annotations

import pytest
from inventory_folder import HOSTS, Folder

CONTRACT = """
cluster:
  name: demo
  kubernetes: v1.36.2
  endpoint: api.example.com:6443
  network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, cni: bridge, proxy: auto}
all:
  vars: {ansible_user: ubuntu, ansible_become: true}
  children:
    etcd: {hosts: {cp[1:3]: {}}}
    kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}, cp2: {}, cp3: {}}}
    kube_node: {hosts: {w[01:10]: {}}}
"""


def names(hosts: object) -> list[str]:
    return [host.name for host in hosts]  # type: ignore[attr-defined]


def test_the_documented_shape_loads(folder: Folder) -> None:
    """The inventory of the documentation, ranges inside braces included."""
    inventory = folder.read(CONTRACT)
    assert inventory.cluster.endpoint == "api.example.com:6443"
    assert names(inventory.etcd) == ["cp1", "cp2", "cp3"]
    assert names(inventory.control_planes) == ["cp1", "cp2", "cp3"]
    assert names(inventory.select("kube_node"))[:2] == ["w01", "w02"]
    assert len(inventory.hosts) == 13
    connection = inventory.host("cp1").connection
    assert (connection.address, connection.user, connection.become) == (
        "192.0.2.11",
        "ubuntu",
        True,
    )
    assert inventory.host("w10").connection.address == "w10"
    assert inventory.warnings == ()
    assert inventory.directory == str(folder.path)


def test_groups_beside_all_are_groups(folder: Folder) -> None:
    """Top-level groups count like children of `all`; hosts know all groups above them."""
    inventory = folder.read(
        """
        all: {vars: {colour: grey}}
        kube_control_plane: {hosts: {cp1: }}
        kube_node:
          children:
            racks: {children: {rack1: {hosts: {w1: {}}}, rack2: {hosts: w2}}}
        """
    )
    assert names(inventory.select("kube_node")) == ["w1", "w2"]
    assert inventory.host("w1").groups == {"rack1", "racks", "kube_node", "k8s_cluster"}
    assert inventory.groups["racks"] == ("w1", "w2")
    assert inventory.host("w2").vars["colour"] == "grey"


def test_etcd_runs_on_the_control_planes_without_a_group(folder: Folder) -> None:
    """Without a group etcd the control planes are its members."""
    inventory = folder.read(HOSTS)
    assert names(inventory.etcd) == ["cp1"]
    assert names(inventory.members) == ["cp1", "w1"]


def test_hosts_outside_the_cluster_are_left_alone(folder: Folder) -> None:
    """A host in a group of one's own is known, but no member of the cluster."""
    inventory = folder.read(HOSTS + "    monitoring: {hosts: {Mon_1: {}}}\n")
    assert "Mon_1" in names(inventory.hosts)
    assert "Mon_1" not in names(inventory.members)


def test_a_host_range_may_have_a_port(folder: Folder) -> None:
    """`name:2222` sets the port; a variable beside it wins."""
    inventory = folder.read(
        """
        kube_control_plane:
          hosts:
            cp[a:c].example.com:2222:
            cpd.example.com:2222: {ansible_port: 22}
            cpe.example.com: {}
        """
    )
    ports = [host.connection.port for host in inventory.hosts]
    assert ports == [2222, 2222, 2222, 22, None]


def test_variables_count_in_ansibles_order(folder: Folder) -> None:
    """all < parent < child < group_vars/all < group_vars/group < host < host_vars < -e."""
    folder.write("group_vars/all.yml", "v4: all file\nv5: all file\n")
    folder.write("group_vars/parent/one.yaml", "v5: parent file\nv6: parent file\n")
    folder.write("group_vars/kube_node.json", '{\n\t"v6": "child file", "v7": "child file"}')
    folder.write("host_vars/w1", "v8: host file\nv9: host file\n")
    inventory = folder.read(
        """
        all:
          vars: {v1: all, v2: all, v3: all, v4: all}
          children:
            kube_control_plane: {hosts: {cp1: {}}}
            parent:
              vars: {v2: parent, v3: parent}
              children:
                kube_node:
                  vars: {v3: child, v4: child}
                  hosts: {w1: {v7: host, v8: host}}
        """,
        "v9=command line",
    )
    got = inventory.host("w1").vars
    assert [got[f"v{number}"] for number in range(1, 10)] == [
        "all",
        "parent",
        "child",
        "all file",
        "parent file",
        "child file",
        "host",
        "host file",
        "command line",
    ]


def test_same_depth_groups_count_by_name_then_by_priority(folder: Folder) -> None:
    """Of groups of one depth the last in the alphabet wins, unless a priority says otherwise."""
    text = """
    kube_control_plane: {hosts: {cp1: {}}}
    aaa: {hosts: {cp1: }, vars: {v: a%s}}
    zzz: {hosts: {cp1: }, vars: {v: z}}
    """
    assert folder.read(text % "").host("cp1").vars["v"] == "z"
    text = text.replace("{v: a%s}", "{v: a, ansible_group_priority: 10}")
    assert folder.read(text).host("cp1").vars["v"] == "a"


def test_folders_of_group_vars_are_read_whole(folder: Folder) -> None:
    """All files of a folder count in name order, hidden and backup files do not."""
    folder.write("group_vars/all/10-a.yml", "a: 1\nb: 1\n")
    folder.write("group_vars/all/20-b.yml", "b: 2\n")
    folder.write("group_vars/all/sub/c.yaml", "c: 3\n")
    folder.write("group_vars/all/.hidden.yml", "a: 9\n")
    folder.write("group_vars/all/b.yml~", "b: 9\n")
    folder.write("group_vars/all/notes.txt", "not: [yaml\n")
    got = folder.read("cluster: {}\n" + HOSTS).host("w1").vars
    assert (got["a"], got["b"], got["c"]) == (1, 2, 3)


def test_only_the_first_group_vars_file_is_read_and_said(folder: Folder) -> None:
    """As in Ansible a folder hides a file of the same name; kprov says so."""
    folder.write("group_vars/all/a.yml", "a: 1\n")
    folder.write("group_vars/all.yml", "a: 2\n")
    inventory = folder.read("cluster: {}\n" + HOSTS)
    assert inventory.host("w1").vars["a"] == 1
    assert "all.yml is not read because" in inventory.warnings[0]


def test_a_misspelt_group_vars_file_is_pointed_out(folder: Folder) -> None:
    """A file that no group reads, but nearly, gives a warning."""
    folder.write("group_vars/kube_nodes.yml", "a: 1\n")
    (warning,) = folder.read(HOSTS).warnings
    assert "group_vars/kube_nodes.yml is not read" in warning
    assert "did you mean 'kube_node'?" in warning


def test_the_spec_may_be_a_variable_of_all(folder: Folder) -> None:
    """`cluster` in group_vars/all is the spec; it is no variable of the hosts."""
    folder.write("group_vars/all.yml", "cluster: {name: from-vars}\n")
    inventory = folder.read(HOSTS)
    assert inventory.cluster.name == "from-vars"
    assert "cluster" not in inventory.host("w1").vars


def test_two_specs_are_one_too_many(folder: Folder) -> None:
    """A spec in the inventory and one in group_vars: the second is refused, the first named."""
    folder.write("group_vars/all.yml", "a: 1\ncluster: {name: two}\n")
    assert folder.problem("cluster: {name: one}\n" + HOSTS).startswith(
        "group_vars/all.yml:2: a second cluster spec; the first is at "
    )


def test_yaml_anchors_and_merge_keys_work(folder: Folder) -> None:
    """Shared host variables by anchor."""
    inventory = folder.read(
        """
        kube_control_plane:
          hosts:
            cp1: &common {ansible_user: ops, ansible_host: 192.0.2.1}
        kube_node:
          hosts:
            w1: {<<: *common, ansible_host: 192.0.2.2}
        """
    )
    assert inventory.host("w1").connection.user == "ops"
    assert inventory.host("w1").connection.address == "192.0.2.2"


@pytest.mark.parametrize("section", ["network", "versions", "kubelet", "artifacts"])
def test_a_section_of_comments_only_is_not_an_error(folder: Folder, section: str) -> None:
    """`network:` with everything under it commented out means the defaults."""
    text = f"cluster:\n  {section}:\n    # commented: out\n  name: demo\n"
    assert folder.read(text + HOSTS).cluster.name == "demo"


def test_many_hosts_load_quickly_enough_to_not_be_noticed(folder: Folder) -> None:
    """A thousand hosts with templates in their variables load, each with its own values."""
    inventory = folder.read(
        """
        cluster: {network: {pods: 10.240.0.0/12}}
        all: {vars: {who: "{{ inventory_hostname }}", also: "{{ who }}!"}}
        kube_control_plane: {hosts: {cp1: {}}}
        kube_node: {hosts: {"w[1:1000]": {}}}
        """
    )
    assert inventory.host("w1000").vars["also"] == "w1000!"
