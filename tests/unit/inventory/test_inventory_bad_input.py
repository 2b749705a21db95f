"""Every kind of bad input: the exact line, what was found, what was expected, a way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from inventory_folder import HOSTS, Folder

from kprov.inventory import load
from kprov.model.errors import ProblemsError


def spec(folder: Folder, text: str, *overrides: str) -> str:
    """The only problem of a spec, given line by line from line 2 on."""
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    return folder.problem(f"cluster:\n{lines}{HOSTS}", *overrides)


# --- the file ---------------------------------------------------------------------------------


def test_a_missing_file_suggests_a_near_one(folder: Folder) -> None:
    """A slip in the file's name."""
    folder.write("inventory.yaml", HOSTS)
    (problem,) = folder.problems_of("inventori.yaml")
    assert problem.startswith("inventori.yaml: no such file\n    did you mean 'inventory.yaml'?")


def test_a_missing_folder_is_named(folder: Folder) -> None:
    """The folder itself is not there."""
    (problem,) = folder.problems_of("nowhere/inv.yaml")
    assert "there is no folder" in problem


def test_an_unreadable_file_says_so(folder: Folder) -> None:
    """Permission denied, tried as a user without rights (root may read everything)."""
    file = folder.write("inv.yaml", HOSTS)
    file.chmod(0o000)
    before = os.geteuid()
    try:
        if before == 0:
            os.seteuid(65534)
        with pytest.raises(ProblemsError) as caught:
            load(file, environ={})
    finally:
        os.seteuid(before)
    assert "permission denied" in str(caught.value)


def test_a_binary_file_says_so(folder: Folder) -> None:
    """Not text."""
    (folder.path / "inv.yaml").write_bytes(b"\xff\xfe\x00")
    assert folder.problems_of("inv.yaml") == ["inv.yaml: this is not UTF-8 text"]


@pytest.mark.parametrize("text", ["", "\n\n", "# only comments\n"])
def test_an_empty_file_says_so(folder: Folder, text: str) -> None:
    """Nothing to read."""
    (folder.path / "inv.yaml").write_text(text)
    (problem,) = folder.problems_of("inv.yaml")
    assert problem.startswith("inv.yaml: ")
    assert "empty" in problem or "nothing but comments" in problem


def test_a_byte_order_mark_and_windows_line_ends_are_fine(folder: Folder) -> None:
    """What Windows editors add does no harm."""
    (folder.path / "inv.yaml").write_bytes(b"\xef\xbb\xbf" + HOSTS.replace("\n", "\r\n").encode())
    assert len(folder.load().hosts) == 2


def test_yaml_syntax_names_the_line(folder: Folder) -> None:
    """A syntax error: its line, the fault."""
    text = "cluster:\n  name: demo\n  network: {pods: 10.0.0.0/16\nall: {}\n"
    assert folder.problem(text).startswith("inv.yaml:4: YAML syntax")


def test_duplicate_keys_name_both_lines(folder: Folder) -> None:
    """A key written twice, in the spec and among hosts: a duplicate host."""
    text = """
    cluster:
      name: a
      name: b
    kube_control_plane:
      hosts:
        cp1: {}
        cp1: {}
    """
    found = folder.problems(text)
    assert found[0].startswith("inv.yaml:3: the key 'name' is here a second time; the first is in")
    assert found[1].startswith("inv.yaml:7: the key 'cp1' is here a second time")


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "5\n"])
def test_a_file_that_is_no_mapping(folder: Folder, text: str) -> None:
    """A list or a text is no inventory."""
    assert "expected a mapping of `cluster` and groups" in folder.problem(text)


# --- groups and hosts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kube_node: {hots: {w1: {}}}", "inv.yaml:2: unknown key 'hots' in group 'kube_node'"),
        ("kube_node: {hosts: [w1]}", "inv.yaml:2: `hosts` of group 'kube_node' is a list"),
        ("kube_node: {vars: [a]}", "inv.yaml:2: the vars of group 'kube_node': found a list"),
        ("kube_node: {hosts: {w1: yes}}", "inv.yaml:2: host 'w1': found yes (true or false)"),
        ("kube_node: [w1]", "inv.yaml:2: unknown key 'kube_node' at the top"),
        ("clutser: {name: a}", "inv.yaml:2: unknown key 'clutser' at the top"),
        ("network: {pods: a}", "inv.yaml:2: unknown key 'network' at the top"),
        ("version: 1", "inv.yaml:2: unknown key 'version' at the top"),
        ("kube_node: {hosts: {'w[1-3]': {}}}", "inv.yaml:2: [1-3] is not a range"),
        ("plugin: aws_ec2", "inv.yaml:2: inventory plugins run inside Ansible only"),
        ("kube_nodes: {hosts: {w1: {}}}", "inv.yaml:2: unknown group 'kube_nodes' with hosts"),
        ("ectd: {hosts: {e1: {}}}", "inv.yaml:2: unknown group 'ectd' with hosts"),
        ("a: {children: {b: {children: {a: {}}}}}", "inv.yaml:2: group 'a' contains itself"),
    ],
)
def test_a_wrong_group_names_its_line(folder: Folder, text: str, problem: str) -> None:
    """Structure of groups."""
    first = "kube_control_plane: {hosts: {cp1: {}}}\n"
    assert folder.problem(first + text + "\n").startswith(problem)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("kube_node: {hots: {w1: {}}}", "did you mean 'hosts'?"),
        ("clutser: {name: a}", "did you mean 'cluster'?"),
        ("network: {pods: a}", "move it under `cluster:`"),
        ("kube_nodes: {hosts: {w1: {}}}", "did you mean 'kube_node'?"),
        ("ectd: {hosts: {e1: {}}}", "did you mean 'etcd'?"),
    ],
)
def test_a_slip_has_a_suggestion(folder: Folder, text: str, hint: str) -> None:
    """Did you mean."""
    assert hint in folder.problem("kube_control_plane: {hosts: {cp1: {}}}\n" + text + "\n")


def test_a_near_name_below_the_right_group_is_fine(folder: Folder) -> None:
    """`kube_nodes` inside kube_node is a group of one's own."""
    text = "kube_control_plane: {hosts: {cp1: {}}}\n"
    text += "kube_node: {children: {kube_nodes: {hosts: {w1: {}}}}}\n"
    assert folder.read(text).groups["kube_node"] == ("w1",)


def test_no_hosts_at_all(folder: Folder) -> None:
    """An inventory without hosts."""
    assert folder.problem("all: {}\n").startswith("inv.yaml: there are no hosts")


def test_an_empty_control_plane(folder: Folder) -> None:
    """Hosts, but none that runs the API; the group's line; other tools' words are recognised."""
    text = "kube_node: {hosts: {w1: {}}}\nkube_control_plane:\n"
    assert folder.problem(text).startswith("inv.yaml:2: the control plane is empty")
    text = "masters: {hosts: {cp1: {}}}\nkube_node: {hosts: {w1: {}}}\n"
    assert "the group 'masters' has to be called kube_control_plane" in folder.problem(text)


def test_an_even_number_of_etcd_members(folder: Folder) -> None:
    """Two members, said or implied by two control planes."""
    text = "kube_control_plane: {hosts: {cp1: }}\netcd:\n  hosts: {e1: , e2: }\n"
    found = folder.problem(text)
    assert found.startswith("inv.yaml:2: etcd has 2 members: e1, e2; expected an odd number")
    found = folder.problem("kube_control_plane:\n  hosts: {cp[1:4]: }\n")
    assert found.startswith("inv.yaml:1: etcd has 4 members (the control planes, as there is no")


def test_an_address_used_twice(folder: Folder) -> None:
    """Two hosts with one address: both lines. Another port is another machine."""
    text = """
    kube_control_plane:
      hosts:
        cp1: {ansible_host: 192.0.2.1}
    kube_node:
      hosts:
        w1: {ansible_host: 192.0.2.1%s}
    """
    found = folder.problem(text % "")
    assert found.startswith("inv.yaml:6: w1 has the address of cp1: 192.0.2.1\n    cp1 is at ")
    assert "inv.yaml:3" in found
    assert len(folder.read(text % ", ansible_port: 2222").hosts) == 2


def test_an_inner_address_used_twice(folder: Folder) -> None:
    """Kubespray's `ip` has to be of one host only, too."""
    text = "kube_control_plane: {hosts: {cp1: {ip: 10.0.0.1}}}\n"
    text += "kube_node: {hosts: {w1: {ip: 10.0.0.1}}}\n"
    assert folder.problem(text).startswith("inv.yaml:2: w1 has the `ip` of cp1: 10.0.0.1")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("w_1", "such as 'w-1' (RFC 1123)"),
        ("W1", "node names are lower case: 'w1'"),
        ("-w", "such as 'w' (RFC 1123)"),
        ("w" * 64, "it has 64 characters, at most 63"),
        ("w..1", "lower-case letters"),
        ("w 1", "such as 'w-1'"),
    ],
)
def test_an_invalid_host_name(folder: Folder, name: str, hint: str) -> None:
    """Names a Kubernetes node cannot have."""
    text = "kube_control_plane: {hosts: {cp1: }}\nkube_node:\n  hosts:\n"
    found = folder.problem(f"{text}    {name}: {{ansible_host: h}}\n")
    assert found.startswith(f"inv.yaml:4: invalid host name '{name}'")
    assert hint in found


# --- the spec ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("kubernets: v1.36.2", "2: unknown key 'kubernets' in `cluster`", "'kubernetes'?"),
        ("name: demo\nnetwork:\n  pod: a", "4: unknown key 'pod' in `cluster.network`", "'pods'?"),
        ("kubelet:\n  confg: {}", "3: unknown key 'confg' in `cluster.kubelet`", "'config'?"),
        (
            "images:\n  - {archve: a}",
            "3: unknown key 'archve' in `cluster.images[0]`",
            "'archive'?",
        ),
        ("roles: {afterr: {}}", "2: unknown key 'afterr' in `cluster.roles`", "'after'?"),
        ("roles: {after: {contrl: [a]}}", "2: unknown phase 'contrl'", "'control'?"),
        ("kubernetes: 1.36", "2: `cluster.kubernetes` is the number 1.36, expected text", '"1.36"'),
        ("kubernetes: latest", "2: `cluster.kubernetes`: 'latest' is not a version", ""),
        ("kubernetes: v1.36", "2: `cluster.kubernetes` is v1.36, expected a full", "v1.36.2"),
        ("kubernetes: v1.28.9", "2: Kubernetes v1.28.9 is not supported", "v1.29 to v1.37"),
        ("kubernetes: v1.38.0", "2: Kubernetes v1.38.0 is not supported", "v1.20 and v1.29"),
        ("kubernetes: v2.30.0", "2: Kubernetes v2.30.0 is not supported", ""),
        ("versions: {etcd: 3.7.0}", "2: etcd v3.7.0 is not supported", "3.4 to 3.6"),
        ("versions: {containerd: 1.5.1}", "2: containerd 1.5.1 is not supported", "1.6 to 2.x"),
        ("versions: {runc: v1.2}", "2: `cluster.versions.runc` is v1.2, expected a full", ""),
        ("name: My Cluster", "2: `cluster.name` is the text 'My Cluster', expected at most", ""),
        ("name: [a]", "2: `cluster.name` is a list, expected text", ""),
        ("network: flat", "2: `cluster.network` is the text 'flat', expected a mapping", ""),
        ("network: {node_mask: big}", "2: `cluster.network.node_mask` is the text 'big'", ""),
        ("network: {node_mask: 30}", "2: `cluster.network.node_mask` is the number 30", "most 28"),
        ("network: {dns: perhaps}", "2: `cluster.network.dns` is the text 'perhaps'", "true or"),
        (
            "kubernetes: v1.20.2\nnetwork: {proxy: nftables}",
            "3: `cluster.network.proxy` is nftables, which v1.20.2 does not have",
            "from v1.29",
        ),
        ("network: {cni: vlan}", "2: `cluster.network.cni` is the text 'vlan'", "'vxlan'?"),
        ("network: {cni: calico}", "2: `cluster.network.cni`: calico is", "cluster.addons"),
        ("network: {proxy: iptable}", "2: `cluster.network.proxy` is the text", "'iptables'?"),
        ("network: {domain: A_B}", "2: `cluster.network.domain` is 'A_B'", "cluster.local"),
        ("network: {pods: all}", "2: `cluster.network.pods`: 'all' is not a network", ""),
        ("network: {pods: 10.1.2.3/16}", "2: `cluster.network.pods`: '10.1.2.3/16'", "host bits"),
        ("images: {a: b}", "2: `cluster.images` is a mapping, expected a list", ""),
        (
            "images:\n  - {}",
            "3: `cluster.images[0]`: expected either `archive: FILE` or `image: NAME`",
            "",
        ),
        (
            "images:\n  - {archive: a.tar}",
            "3: the image archive a.tar does not exist",
            "looked for",
        ),
        ("kubelet: {extra_args: {v: [1]}}", "2: `cluster.kubelet.extra_args.v` is a list", "text"),
        ("endpoint: api.example.com", "2: `cluster.endpoint` is 'api.example.com'", ":6443"),
        ("endpoint: https://a:6443", "2: `cluster.endpoint` is 'https://a:6443'", "https://"),
        ("endpoint: 'a:99999'", "2: `cluster.endpoint` is 'a:99999'", "'99999' is not a port"),
        ("endpoint: '10.0.0.300:1'", "2: `cluster.endpoint` is", "neither a name nor an address"),
        ("endpoint: '2001:db8::1'", "2: `cluster.endpoint` is", "port is missing"),
        ("load_balancer: loc", "2: `cluster.load_balancer` is the text 'loc'", "'local'?"),
        ("load_balancer: external", "2: `cluster.load_balancer` is external, but", "HOST:PORT"),
        ("load_balancer: keepalived", "2: `cluster.load_balancer` is keepalived, but", "free addr"),
        (
            "load_balancer: keepalived\nendpoint: 'api.example.com:6443'",
            "3: `cluster.endpoint` is 'api.example.com:6443', expected an IPv4 address",
            "extra_sans",
        ),
        (
            "load_balancer: keepalived\nendpoint: '192.0.2.9:443'",
            "3: `cluster.endpoint` is '192.0.2.9:443', but the apiservers listen on port 6443",
            "192.0.2.9:6443",
        ),
        (
            "load_balancer: local\nload_balancer_port: 6443",
            "3: `cluster.load_balancer_port` 6443 is the apiserver's own port",
            "another",
        ),
        (
            "kube_apiserver: {port: 0}",
            "2: `cluster.kube_apiserver.port` is the number 0",
            "least 1",
        ),
        ("kube_apiserver: {extra_sans: ['a b']}", "2: `cluster.kube_apiserver.extra_sans` has", ""),
        ("artifacts: {mirror: /srv}", "2: `cluster.artifacts.mirror` is '/srv'", "file:///path"),
        ("artifacts: {mirror: 'file:///no/such'}", "2: the mirror file:///no/such is not", ""),
        (
            "artifacts: {delivery: pul}",
            "2: `cluster.artifacts.delivery` is the text 'pul'",
            "'pull'?",
        ),
        ("pki: {leaf_days: 0}", "2: `cluster.pki.leaf_days` is the number 0", "at least 1"),
        ("local:", "2: `cluster.local` says nothing", "local: {}"),
        ("local: {bridge: name-that-is-too-long}", "2: `cluster.local.bridge`", "at most 15"),
    ],
)
def test_a_wrong_spec_names_line_and_field(
    folder: Folder, text: str, problem: str, hint: str
) -> None:
    """Fields of the cluster spec: unknown, of a wrong type, out of range, unsupported."""
    found = spec(folder, text)
    assert found.startswith(f"inv.yaml:{problem}")
    assert hint in found


@pytest.mark.parametrize("text", ["cluster: demo\n", "cluster: [a]\n"])
def test_a_spec_that_is_no_mapping(folder: Folder, text: str) -> None:
    """`cluster: demo` is not a spec."""
    assert "`cluster` is " in folder.problem(text + HOSTS)


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            "network: {pods: 10.96.0.0/12}",
            "2: `cluster.network.services` 10.96.0.0/16 overlaps `cluster.network.pods`",
            "share no address",
        ),
        (
            "network:\n  pods: 10.0.0.0/16\n  services: 10.0.128.0/20",
            "4: `cluster.network.services` 10.0.128.0/20 overlaps `cluster.network.pods`",
            "",
        ),
        (
            "network: {pods: 192.0.2.0/24}",
            "2: `cluster.network.pods` 192.0.2.0/24 is too",
            "1 node",
        ),
        (
            "network: {pods: 192.0.0.0/16}",
            "2: the address 192.0.2.11 of cp1 is in `cluster.network.pods`",
            "take another range",
        ),
        ("network: {pods: 10.1.0.0/24}", "2: `cluster.network.pods` 10.1.0.0/24 is too small", ""),
        (
            "network: {pods: 10.1.0.0/26}",
            "2: `cluster.network.pods` 10.1.0.0/26 is too small",
            "0 n",
        ),
        (
            "network: {pods: 10.128.0.0/10, node_mask: 27}",
            "2: `cluster.network.node_mask` 27",
            "16",
        ),
        ("network: {services: 10.1.0.0/29}", "2: `cluster.network.services` 10.1.0.0/29", "/28"),
        ("network: {services: 16.0.0.0/8}", "2: `cluster.network.services` 16.0.0.0/8", "/12"),
        (
            "network: {pods: 'fd00::/48'}",
            "2: `cluster.network.pods` is IPv6, `services` is IPv4",
            "the same families in the same order",
        ),
        (
            "network:\n  pods: [10.1.0.0/16, 'fd00:1::/56']\n  services: 'fd00::/112,10.2.0.0/16'",
            "4: `cluster.network.pods` is IPv4 and IPv6, `services` is IPv6 and IPv4",
            "in the same order",
        ),
        (
            "network: {pods: [10.1.0.0/16, 10.2.0.0/16]}",
            "2: `cluster.network.pods` has 2 ranges: 10.1.0.0/16, 10.2.0.0/16",
            "one is IPv4 and one is IPv6",
        ),
        (
            "network:\n  services: 10.2.0.0/16,fd00::/112\n  pods:\n  - 10.1.0.0/16\n  - fd01::/72",
            "6: `cluster.network.pods` fd01::/72 is too small: room for 0 nodes",
            "node_mask_v6",
        ),
        (
            "network:\n  pods: 10.1.0.0/16,fd00:1::/56\n  services: 10.2.0.0/16,fd00:1::/112",
            "4: `cluster.network.services` fd00:1::/112 overlaps `cluster.network.pods` fd",
            "share no address",
        ),
        (
            "network:\n  pods: 10.1.0.0/16,fd00:1::/56\n  services: 10.2.0.0/16,fd00:2::/64",
            "4: `cluster.network.services` fd00:2::/64 is too large",
            "a /108",
        ),
        ("network: {services: 127.0.0.0/16}", "2: `cluster.network.services` is 127.0.0.0/16", ""),
    ],
)
def test_wrong_ranges(folder: Folder, text: str, problem: str, hint: str) -> None:
    """Ranges that overlap, are too small, too large, or taken."""
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    found = folder.problems(f"cluster:\n{lines}{HOSTS}")
    assert found[0].startswith(f"inv.yaml:{problem}")
    assert hint in found[0]


def test_an_overlap_with_a_default_is_at_the_line_that_was_written(folder: Folder) -> None:
    """Only `pods` is written; the overlap with the default services is reported there."""
    text = "cluster:\n  name: a\n  network:\n    pods: 10.96.0.0/14\n" + HOSTS
    assert folder.problem(text).startswith("inv.yaml:4: ")


def test_local_machines_need_addresses_on_one_bridge(folder: Folder) -> None:
    """`cluster.local`: IPv4 addresses, all in one range."""
    text = "cluster: {local: {}}\nkube_control_plane: {hosts: {cp1: {ansible_host: 10.98.0.11}}}\n"
    found = folder.problem(text + "kube_node: {hosts: {w1: {ansible_host: 10.98.1.12}}}\n")
    assert found.startswith("inv.yaml:3: the address 10.98.1.12 of w1 is not in the local network")
    found = folder.problem(text + "kube_node: {hosts: {w1: {}}}\n")
    assert found.startswith("inv.yaml:3: w1 is a local machine without an IPv4 address")


def test_everything_comes_at_once_in_the_order_of_the_file(folder: Folder) -> None:
    """One run shows all that is wrong, from spec to hosts to variable files."""
    folder.write("group_vars/kube_node.yml", "ansible_port: x\n")
    found = folder.problems(
        """
        cluster:
          kubernets: v1.36.2
          kubernetes: v1.10.0
          network: {services: 10.1.0.0/30, node_mask: x}
        kube_control_plane:
          hosts:
            cp1: {ansible_host: 10.244.0.1, ansible_host: h}
            cp_2: {}
        kube_node:
          host: {w1: {}}
          hosts: {w2: {}}
        """
    )
    even = "etcd has 2 members (the control planes, as there is no group etcd): cp1, cp_2; "
    even += "expected an odd number"
    unknown = "unknown key 'host' in group 'kube_node', expected `hosts`, `children`, `vars`"
    assert [problem.splitlines()[0] for problem in found] == [
        "inv.yaml:2: unknown key 'kubernets' in `cluster`",
        "inv.yaml:3: Kubernetes v1.10.0 is not supported",
        "inv.yaml:4: `cluster.network.node_mask` is the text 'x', expected a whole number",
        "inv.yaml:4: `cluster.network.services` 10.1.0.0/30 is too small",
        "inv.yaml:4: the address 10.244.0.1 of cp1 is in `cluster.network.pods`",
        f"inv.yaml:5: {even}",
        "inv.yaml:7: the key 'ansible_host' is here a second time; the first is in line 7",
        "inv.yaml:8: invalid host name 'cp_2'",
        f"inv.yaml:10: {unknown}",
        "group_vars/kube_node.yml:1: ansible_port is 'x', expected a port from 1 to 65535",
    ]


def test_image_archives_are_looked_for_beside_the_inventory(folder: Folder) -> None:
    """A relative archive starts at the inventory's folder; URLs are not looked at."""
    folder.write("images/pause.tar", "x")
    text = "cluster: {images: [{archive: images/pause.tar}, {archive: 'https://h/a.tar'}]}\n"
    assert len(folder.read(text + HOSTS).cluster.images) == 2


def test_problems_name_the_path_as_it_was_given(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path stays relative, so that terminals and editors can open it."""
    folder.write("inv.yaml", "cluster: {x: 1}\n" + HOSTS)
    monkeypatch.chdir(folder.path)
    with pytest.raises(ProblemsError) as caught:
        load(Path("inv.yaml"), environ={})
    assert caught.value.problems[0].where == "inv.yaml:1"


def test_programs_go_to_folders_on_the_path(folder: Folder) -> None:
    """`bin_dir` is one of two: kprov itself has to find programs there."""
    found = folder.problem(HOSTS.replace("192.0.2.21", "192.0.2.21, bin_dir: /srv/bin"))
    assert "`bin_dir` of w1 is '/srv/bin', expected /usr/local/bin or /opt/bin" in found
    folder.read(HOSTS.replace("192.0.2.21", "192.0.2.21, bin_dir: /opt/bin"))
