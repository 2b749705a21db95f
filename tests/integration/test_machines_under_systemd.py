"""Machines on a computer whose PID 1 is systemd, with cgroup v1 and v2: on a machine of ours.

The computer that runs the tests may have another PID 1; a local machine surely has systemd.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import kprov
from kprov.engine.cache import cache_root
from kprov.machines import LocalSpec, Machine, Network, Started, down, private_key, up
from kprov.machines import base as base_image
from kprov.machines.cgroups import Layout
from kprov.machines.folders import Folders

pytestmark = pytest.mark.e2e

HOST = LocalSpec(
    "machineshost",
    (Machine("host", "10.97.8.11"),),
    Network("kprovtest8", "10.97.8.1/24"),
    packages=("systemd-container", "debootstrap", "python3", "python3-cryptography"),
)


def silent(line: str) -> None:
    """A report that nobody reads."""


@pytest.fixture(params=["as this computer", "unified"])
def host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """A machine with kprov on it, and a base image as this computer has one."""
    if request.param == "unified":
        monkeypatch.setattr(Layout, "unified", property(lambda layout: True))
    cache = cache_root()
    plain = base_image.ensure((), cache, silent)
    try:
        (machine,) = up(HOST, cache=cache, report=silent)
        disk = Folders(cache).machine("machineshost", "host") / "data/var/lib/kprov"
        images = disk / "cache/local/images"
        images.mkdir(parents=True)
        # Links, not copies: nobody writes to an image.
        subprocess.run(["cp", "--archive", "--link", str(plain), str(images)], check=True)
        shutil.copytree(Path(kprov.__file__).parent, disk / "src/kprov")
        (disk / "check.py").write_text(_CHECK)
        yield machine
    finally:
        down("machineshost", cache=cache, report=silent)


def test_machines_come_and_go_under_systemd(host: Started) -> None:
    """Boot, reboot, stop, power cut, start, down: as units, and the computer is as it was."""
    # The image's name says which suite it is of; nothing is downloaded.
    script = """set -eu
        . /etc/os-release
        echo "deb http://mirror.invalid/debian $VERSION_CODENAME main" >/etc/apt/sources.list
        cd /var/lib/kprov
        PYTHONPATH=src python3 check.py
    """
    done = subprocess.run(
        ["ssh", "-F", "none", "-i", str(private_key(cache_root())), "-o", "BatchMode=yes",
         "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no",
         f"root@{host.address}", script],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "as before"


_CHECK = """
import subprocess, time
from pathlib import Path
from kprov.machines import LocalSpec, Machine, Network, down, listing, private_key, start, stop, up

cache = Path("/var/lib/kprov/cache")
places = {"cache": cache, "report": print}
machines = (Machine("n1", "10.97.9.11"), Machine("n2", "10.97.9.12"))
spec = LocalSpec("inner", machines, Network("kprovtest9", "10.97.9.1/24"))

def ssh(command):
    argv = ["ssh", "-i", str(private_key(cache)), "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "ConnectTimeout=2", "root@10.97.9.11"]
    return subprocess.run([*argv, command], capture_output=True, text=True).stdout.strip()

def picture():
    groups = sorted(str(p) for p in Path("/sys/fs/cgroup").glob("**/kprov.inner.*"))
    links = sorted(p.name for p in Path("/sys/class/net").iterdir())
    folders = (Path("/run/kprov"), Path("/run/systemd/nspawn"))
    runs = sorted(str(p) for folder in folders for p in folder.glob("**/*"))
    units = subprocess.run(["systemctl", "list-units", "--all", "--no-legend", "kprov.inner.*"],
                           capture_output=True, text=True).stdout
    return Path("/proc/mounts").read_text(), groups, links, runs, units

before = picture()
assert [m.fresh for m in up(spec, **places)] == [True, True]
assert [m.fresh for m in up(spec, **places)] == [False, False]
unit = ["systemctl", "is-active", "kprov.inner.n1.service"]
assert subprocess.run(unit, capture_output=True, text=True).stdout == "active\\n"
assert ssh("systemctl is-system-running --wait") == "running"

boot = ssh("cat /proc/sys/kernel/random/boot_id")
ssh("systemctl reboot")
deadline = time.monotonic() + 30
while (now := ssh("cat /proc/sys/kernel/random/boot_id")) in ("", boot):
    assert time.monotonic() < deadline, now

for power_cut in (False, True):
    stop("inner", "n2", power_cut=power_cut, **places)
    assert [m.state for m in listing(cache)] == ["running", "stopped"]
    start("inner", "n2", **places)
assert [m.state for m in listing(cache)] == ["running", "running"]
down("inner", **places)
after = picture()
assert before == after, (before, after)
print("as before")
"""
