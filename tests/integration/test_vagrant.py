"""What Vagrant makes of an inventory is what kprov reads; a real vagrant takes the Vagrantfile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kprov.inventory.load import load

REPOSITORY = Path(__file__).resolve().parents[2]
INVENTORIES = sorted((REPOSITORY / "inventories").glob("*.yaml"))
RICH = """\
cluster: {name: rich}
all:
  vars: {vagrant_memory: 1024, level: all}
  children:
    kube_control_plane:
      hosts:
        cp[1:3]: {vagrant_cpus: 4}
        cp1: {ansible_host: 192.0.2.11, level: host}
    kube_node:
      vars: {level: parent, enabled: yes}
      children:
        storage:
          vars: {level: child}
          hosts:
            "disk[01:04:3]": {}
        rest:
          hosts: {"w-[a:c].example.com": {}}
    etcd: {hosts: {cp[1:3]: {}}}
"""


def needed(program: str) -> None:
    """Fail with what to do when a program is missing."""
    if not shutil.which(program):
        pytest.fail(f"{program} is missing: `make system` installs it", pytrace=False)


def as_ruby_reads(path: Path) -> dict[str, dict[str, Any]]:
    """Host to variables, in order."""
    needed("ruby")
    command = ["ruby", REPOSITORY / "vagrant/inventory.rb", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return found


def as_kprov_reads(path: Path) -> dict[str, dict[str, Any]]:
    """The same by kprov."""
    return {host.name: json.loads(json.dumps(dict(host.vars))) for host in load(path).hosts}


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: path.name)
def test_inventories_read_alike(path: Path) -> None:
    """Every example: the same hosts in the same order with the same variables."""
    ruby, kprov = as_ruby_reads(path), as_kprov_reads(path)
    assert list(ruby) == list(kprov)
    assert ruby == kprov


def test_rich_inventory_reads_alike(tmp_path: Path) -> None:
    """Ranges, nested groups, variables beside the file."""
    path = tmp_path / "inventory.yaml"
    path.write_text(RICH)
    (tmp_path / "group_vars/storage").mkdir(parents=True)
    # files beside win over what groups say in the inventory, of two spellings one is read
    (tmp_path / "group_vars/all.yml").write_text("beside: all\nenabled: false\nlevel: filed\n")
    (tmp_path / "group_vars/all.yaml").write_text("beside: nobody reads this\n")
    (tmp_path / "group_vars/storage/.hidden.yaml").write_text("beside: nor this\n")
    (tmp_path / "group_vars/storage/disks.yaml").write_text("beside: storage\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/cp2.yaml").write_text("level: beside\n")
    ruby, kprov = as_ruby_reads(path), as_kprov_reads(path)
    assert list(ruby) == list(kprov)
    assert ruby == kprov
    assert ruby["disk04"] == {
        "level": "filed", "enabled": False, "beside": "storage", "vagrant_memory": 1024,
    }  # fmt: skip
    assert ruby["cp1"]["level"] == "host"
    assert ruby["cp2"]["level"] == "beside"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of vagrant/, so that keys and machine records stay out of the checkout."""
    for name in ("Vagrantfile", "inventory.rb"):
        (tmp_path / "vagrant").mkdir(exist_ok=True)
        shutil.copyfile(REPOSITORY / "vagrant" / name, tmp_path / "vagrant" / name)
    return tmp_path / "vagrant"


def vagrant(folder: Path, word: str, inventory: Path) -> subprocess.CompletedProcess[str]:
    """A vagrant command on an inventory."""
    needed("vagrant")
    environment = {
        **os.environ, "KPROV_INVENTORY": str(inventory), "VAGRANT_DEFAULT_PROVIDER": "libvirt",
        "VAGRANT_HOME": str(folder / "home"), "VAGRANT_CHECKPOINT_DISABLE": "1",
    }  # fmt: skip
    return subprocess.run(
        ["vagrant", word, *(["--machine-readable"] if word == "status" else [])],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_vagrant_accepts_it(folder: Path) -> None:
    """validate, and status names exactly the inventory's hosts; the key is this folder's own."""
    inventory = REPOSITORY / "inventories/vagrant.yaml"
    done = vagrant(folder, "validate", inventory)
    assert done.returncode == 0, done.stdout + done.stderr
    done = vagrant(folder, "status", inventory)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split(",") for line in done.stdout.splitlines()]
    states = {row[1]: row[3] for row in rows if row[2] == "state"}
    assert states == dict.fromkeys((host.name for host in load(inventory).hosts), "not_created")
    key = folder / ".vagrant/kprov/id_ed25519"
    assert key.stat().st_mode & 0o777 == 0o600


def test_host_without_address(folder: Path) -> None:
    """Vagrant could give it none that the inventory knows of."""
    inventory = folder / "inventory.yaml"
    inventory.write_text("all: {children: {kube_control_plane: {hosts: {cp1: {}}}}}\n")
    done = vagrant(folder, "validate", inventory)
    assert done.returncode != 0
    assert "cp1 has no IPv4 address" in done.stdout + done.stderr
    assert "set ansible_host" in done.stdout + done.stderr
