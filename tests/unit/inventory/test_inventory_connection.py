"""Ansible's connection variables, secrets, Jinja2 in values."""

from __future__ import annotations

from pathlib import Path

import pytest
from inventory_folder import HOSTS, Folder

from kprov.model.host import Connection
from kprov.model.secret import Secret


def connection(folder: Folder, variables: str, **environ: str) -> Connection:
    text = f"kube_control_plane: {{hosts: {{cp1: {{{variables}}}}}}}\n"
    return folder.read(text, environ=environ).host("cp1").connection


def test_every_connection_variable_is_understood(folder: Folder) -> None:
    """Current names."""
    assert connection(
        folder,
        "ansible_host: 192.0.2.1, ansible_user: ops, ansible_port: 2222, "
        "ansible_ssh_private_key_file: keys/id, ansible_password: p1, ansible_become: yes, "
        "ansible_become_user: root, ansible_become_method: sudo, ansible_become_password: p2, "
        "ansible_ssh_args: -C, ansible_ssh_common_args: -J b, ansible_ssh_extra_args: -v, "
        "ansible_ssh_timeout: 30, ansible_connection: ssh, ansible_python_interpreter: /bin/py",
    ) == Connection(
        address="192.0.2.1",
        user="ops",
        port=2222,
        private_key_file=str(folder.path / "keys/id"),
        password=Secret("p1"),
        become=True,
        become_password=Secret("p2"),
        ssh_common_args="-C -J b -v",
        connect_timeout=30.0,
    )


def test_old_names_and_texts_for_other_types_are_understood(folder: Folder) -> None:
    """The names Ansible used earlier; ports and truths as text, as INI gives them."""
    got = connection(
        folder,
        "ansible_ssh_host: 192.0.2.1, ansible_ssh_user: ops, ansible_ssh_port: '22', "
        "ansible_private_key_file: ~/id, ansible_ssh_pass: p, ansible_become: 'True', "
        "ansible_become_pass: 0123, ansible_connection: ansible.builtin.paramiko_ssh",
    )
    assert (got.address, got.user, got.port, got.become) == ("192.0.2.1", "ops", 22, True)
    assert got.private_key_file == str(Path("~/id").expanduser())
    assert got.become_password == Secret("0123")


def test_unset_means_as_ssh_config_says(folder: Folder) -> None:
    """Without variables only the address is known: the host's name."""
    assert connection(folder, "") == Connection(address="cp1")


def test_secrets_do_not_show(folder: Folder) -> None:
    """No password is in the variables or in any text made of the inventory."""
    inventory = folder.read(
        HOSTS, "ansible_password=hunter1", "ansible_become_password=hunter2", environ={}
    )
    assert "hunter" not in repr(inventory)
    assert "ansible_password" not in inventory.host("w1").vars


def test_passwords_from_the_environment_fill_in(folder: Folder) -> None:
    """KPROV_SSH_PASSWORD and KPROV_BECOME_PASSWORD are for hosts that have none."""
    environ = {"KPROV_SSH_PASSWORD": "s", "KPROV_BECOME_PASSWORD": "b"}
    got = connection(folder, "ansible_become_password: own", **environ)
    assert (got.password, got.become_password) == (Secret("s"), Secret("own"))
    got = connection(folder, "ansible_become_password: ''", **environ)
    assert got.become_password == Secret("b")


def test_a_bastion_group_is_the_way_in(folder: Folder) -> None:
    """Kubespray's `bastion` group: others jump through it unless they say how to jump."""
    inventory = folder.read(
        """
        bastion: {hosts: {jump: {ansible_host: 203.0.113.1, ansible_user: me, ansible_port: 2200}}}
        kube_control_plane: {hosts: {cp1: {ansible_host: 10.0.0.1}}}
        kube_node: {hosts: {w1: {ansible_ssh_common_args: -J other}}}
        """
    )
    assert inventory.host("jump").connection.ssh_common_args == ""
    assert inventory.host("cp1").connection.ssh_common_args == "-o ProxyJump=me@203.0.113.1:2200"
    assert inventory.host("w1").connection.ssh_common_args == "-J other"
    assert "jump" not in {host.name for host in inventory.members}


@pytest.mark.parametrize(
    ("variables", "problem", "hint"),
    [
        ("ansible_user: 1000", "ansible_user is 1000, expected text", "quote it"),
        ("ansible_user: [a]", "ansible_user is a list, expected text", ""),
        ("ansible_user: a b", "ansible_user is 'a b', expected a user name", ""),
        ("ansible_port: 0", "ansible_port is 0, expected a port from 1 to 65535", ""),
        ("ansible_port: ssh", "ansible_port is 'ssh', expected a port", ""),
        ("ansible_port: true", "ansible_port is True, expected a port", ""),
        ("ansible_host: 10.0.0.300", "ansible_host is '10.0.0.300'", "0 to 255"),
        ("ansible_host: me@h", "ansible_host is 'me@h'", "ansible_user"),
        ("ansible_host: 'h:22'", "ansible_host is 'h:22'", "ansible_port"),
        ("ansible_host: a b", "ansible_host is 'a b'", "letters, digits"),
        ("ansible_become: maybe", "ansible_become is 'maybe', expected true or false", ""),
        ("ansible_become_user: bob", "ansible_become_user is 'bob', expected root", ""),
        ("ansible_become_method: su", "ansible_become_method is 'su', expected sudo", ""),
        ("ansible_ssh_timeout: soon", "ansible_ssh_timeout is 'soon', expected a number", ""),
        ("ansible_connection: local", "ansible_connection is 'local'", "ansible_host: 127.0.0.1"),
        ("ip: inner.example.com", "ip is 'inner.example.com', expected an address", ""),
        ("access_ip: [10.0.0.1]", "access_ip is a list, expected an address", ""),
        ("ansible_connection: docker", "ansible_connection is 'docker', expected ssh", ""),
        ("ansible_password: [x]", "ansible_password is a collection, expected text", ""),
        ("ansible_hots: x", "unknown connection variable 'ansible_hots'", "'ansible_host'?"),
    ],
)
def test_a_wrong_connection_variable_is_named(
    folder: Folder, variables: str, problem: str, hint: str
) -> None:
    """What was found, what was expected, in the line where it stands."""
    text = f"kube_control_plane:\n  hosts:\n    cp1:\n      x: 1\n      {variables}\n"
    found = folder.problem(text)
    assert found.startswith(f"inv.yaml:5: {problem}")
    assert hint in found


def test_a_group_variable_that_is_wrong_is_reported_once(folder: Folder) -> None:
    """Ten hosts with one wrong group variable are one problem."""
    text = "all: {vars: {ansible_port: x}}\nkube_control_plane: {hosts: {'cp[1:9]': {}}}\n"
    assert folder.problem(text).startswith("inv.yaml:1: ansible_port is 'x'")


def test_jinja_in_values_is_resolved(folder: Folder) -> None:
    """Other variables, the host's name, groups, other hosts, the environment, files, filters."""
    folder.write("token", "secret-token\n")
    inventory = folder.read(
        """
        cluster: {endpoint: "{{ vip }}:6443", name: demo}
        all:
          vars:
            vip: 192.0.2.100
            ansible_host: "{{ subnet }}.{{ number }}"
            subnet: 192.0.2
            ansible_become_password: "{{ lookup('env', 'SUDO') }}"
            label: "{{ inventory_hostname }}/{{ group_names | join('+') }}"
            first: "{{ hostvars[groups['kube_control_plane'][0]]['ansible_host'] }}"
            also: "{{ hostvars.cp1.number + 1 }}"
            numbers: "{{ [number, 2] }}"
            nested: {deep: ["{{ subnet }}", plain]}
            token: "{{ lookup('file', 'token') }}"
            missing: "{{ nowhere | default('fallback') }}"
            left_out: "{{ nowhere | default(omit) }}"
            block: "{% if number == 11 %}eleven{% else %}other{% endif %}"
        kube_control_plane: {hosts: {cp1: {number: 11}}}
        kube_node: {hosts: {w1: {number: 21}}}
        """,
        environ={"SUDO": "s3cret"},
    )
    w1 = inventory.host("w1")
    assert inventory.cluster.endpoint == "192.0.2.100:6443"
    assert w1.connection.address == "192.0.2.21"
    assert w1.connection.become_password == Secret("s3cret")
    assert w1.vars["label"] == "w1/k8s_cluster+kube_node"
    assert (w1.vars["first"], w1.vars["also"]) == ("192.0.2.11", 12)
    assert w1.vars["numbers"] == [21, 2]
    assert w1.vars["nested"] == {"deep": ["192.0.2", "plain"]}
    assert (w1.vars["token"], w1.vars["missing"]) == ("secret-token", "fallback")
    assert "left_out" not in w1.vars
    assert (w1.vars["block"], inventory.host("cp1").vars["block"]) == ("other", "eleven")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("{{ ansible_usr }}", "ansible_user: 'ansible_usr' is a fact that only Ansible gathers"),
        (
            "{{ subnte }}",
            "ansible_user: undefined variable 'subnte'\n    for host cp1; did you mean",
        ),
        ("{{ subnet.x }}", "ansible_user: 'str object' has no attribute 'x'"),
        ("{{ ansible_user }}", "ansible_user: 'ansible_user' is made of itself"),
        ("{{ subnet | ipaddr }}", "ansible_user: No filter named 'ipaddr'. needs Ansible"),
        ("{{ lookup('pipe', 'id') }}", "ansible_user: lookup('pipe') needs Ansible"),
        ("{{ subnet", "ansible_user: Jinja2 syntax in"),
        ("{{ 1 / 0 }}", "ansible_user: '{{ 1 / 0 }}' cannot be resolved: division by zero"),
    ],
)
def test_what_jinja_cannot_resolve_names_the_line(folder: Folder, value: str, problem: str) -> None:
    """A template in a variable that kprov needs: file, line and what is missing."""
    text = f"""
    all:
      vars: {{subnet: a}}
    kube_control_plane:
      hosts:
        cp1:
          ansible_user: "{value}"
    """
    assert folder.problem(text).startswith(f"inv.yaml:6: {problem}")


def test_what_only_ansible_knows_is_left_out_elsewhere(folder: Folder) -> None:
    """In a variable of one's own a fact is a warning, a slip is a problem."""
    text = 'cluster: {}\nall: {vars: {mine: "{{ %s }}"}}\n' + HOSTS.replace("all:", "k8s_cluster:")
    inventory = folder.read(text % "ansible_default_ipv4.address")
    assert "mine" not in inventory.host("w1").vars
    assert "mine is left out: 'ansible_default_ipv4' is a fact" in inventory.warnings[0]
    assert folder.problem(text % "slip").startswith("inv.yaml:2: mine: undefined variable 'slip'")


def test_templates_in_the_spec_that_fail_name_the_line(folder: Folder) -> None:
    """An undefined variable in `cluster:` is a problem there."""
    text = 'cluster:\n  name: demo\n  endpoint: "{{ vpi }}:6443"\n' + HOSTS
    assert folder.problem(text).startswith("inv.yaml:3: undefined variable 'vpi'")


def test_templates_cannot_reach_python(folder: Folder) -> None:
    """Values are resolved in a sandbox."""
    text = "kube_control_plane: {hosts: {cp1: {ansible_user: \"{{ ''.__class__.__mro__ }}\"}}}"
    assert "is unsafe" in folder.problem(text)


def test_a_password_that_looks_like_a_template_does_not_show(folder: Folder) -> None:
    """A wrong template is quoted in the message, a password is not; `raw` is the way out."""
    text = 'kube_control_plane: {hosts: {cp1: {ansible_password: "%s"}}}\n'
    found = folder.problem(text % "hun{{ter")
    assert "ansible_password: the value cannot be read as Jinja2" in found
    assert "hun" not in found
    got = folder.read(text % "{% raw %}hun{{ter{% endraw %}").host("cp1").connection
    assert got.password == Secret("hun{{ter")
