"""ansible-core reads the same hosts, groups and variables out of the same inventories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from kprov.inventory.load import load

INI = """
    node1 ansible_host=192.0.2.1 ip=10.3.0.1
    node[2:4] ansible_user=ubuntu flag=True count=3 word="a b"

    [kube_control_plane]
    node1
    [etcd:children]
    kube_control_plane
    [kube_node]
    node[2:4]
    [storage]
    node4 level=host
    [kube_node:vars]
    level=group
    text=0644
"""
YAML = """
    all:
      vars: {level: all, nested: {a: [1, two, true]}}
      children:
        kube_control_plane: {hosts: {"cp[01:03]": {port: 1}}}
        kube_node:
          vars: {level: parent}
          children:
            storage: {vars: {level: child}, hosts: {"disk-[a:c].example.com": }}
            general: {hosts: {w1: {level: host}}}
        etcd: {children: {kube_control_plane: }}
"""


def ansible(path: Path) -> dict[str, Any]:
    """What `ansible-inventory --list` says."""
    program = Path(sys.executable).parent / "ansible-inventory"
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(path.parent),
                   "ANSIBLE_NOCOLOR": "1"}  # fmt: skip
    done = subprocess.run(
        [program, "-i", path, "--list"], capture_output=True, text=True, check=True, env=environment
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def members(listed: dict[str, Any], group: str) -> set[str]:
    """Hosts of a group, those of its children included."""
    body = listed.get(group, {})
    inner = [members(listed, child) for child in body.get("children", ())]
    return set(body.get("hosts", ())).union(*inner)


@pytest.mark.parametrize(("name", "text"), [("hosts.ini", INI), ("hosts.yaml", YAML)])
def test_agreement(tmp_path: Path, name: str, text: str) -> None:
    """Files as both projects document them, with group_vars and host_vars beside them."""
    path = tmp_path / name
    path.write_text(textwrap.dedent(text))
    for folder, file, content in (
        ("group_vars", "all.yml", "beside: all\nlist: [1, 2]\n"),
        ("group_vars", "storage/one.yml", "beside: storage\n"),
        ("host_vars", "node1.yml", "beside: host\n"),
    ):
        target = tmp_path / folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    theirs, ours = ansible(path), load(path)
    groups = {group for group in theirs if group not in ("_meta", "all", "ungrouped")}
    for group in groups:
        assert {host.name for host in ours.select(group)} == members(theirs, group), group
    hostvars = theirs["_meta"]["hostvars"]
    assert {host.name for host in ours.hosts} == set(hostvars)
    for host in ours.hosts:
        assert json.loads(json.dumps(dict(host.vars))) == hostvars[host.name], host.name


def test_its_list_is_an_inventory(tmp_path: Path) -> None:
    """What `ansible-inventory --list` prints, saved to a file, loads as the original does."""
    path = tmp_path / "hosts.yaml"
    path.write_text(textwrap.dedent(YAML))
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(ansible(path)))
    original, again = load(path), load(saved)
    assert {h.name: dict(h.vars) for h in again.hosts} == {
        h.name: dict(h.vars) for h in original.hosts
    }
    for group in ("kube_control_plane", "kube_node", "etcd", "storage"):
        names = [host.name for host in original.select(group)]
        assert sorted(host.name for host in again.select(group)) == sorted(names)
