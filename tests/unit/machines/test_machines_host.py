"""What machines read from this computer: mounts, control groups, limits, console output."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kprov.machines import cgroups, processes, requirements
from kprov.machines.cgroups import Hierarchy, Layout
from kprov.machines.launch import console_lines
from kprov.machines.network import hardware_address
from kprov.model.errors import LocalMachineError

HYBRID = """\
23 1 254:0 / / rw - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime shared:9 - cgroup cgroup rw,cpuset
35 31 0:32 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
UNIFIED = """\
23 1 254:0 / / rw - ext4 /dev/vda rw
31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
"""


def test_hybrid_layout() -> None:
    """v1 controllers beside an empty v2 tree: this is a v1 computer."""
    layout = Layout(cgroups.parse(HYBRID), systemd=False)
    assert not layout.unified
    assert [hierarchy.path.name for hierarchy in layout.ours] == [
        "cpuset",
        "cpu,cpuacct",
        "systemd",
        "unified",
    ]


def test_systemd_keeps_its_own_trees() -> None:
    """Where systemd is PID 1 we stay out of its tree, and still part machines in the others."""
    layout = Layout(cgroups.parse(HYBRID), systemd=True)
    assert [hierarchy.path.name for hierarchy in layout.ours] == ["cpuset", "cpu,cpuacct"]


def test_unified_layout() -> None:
    """A single v2 tree; under systemd there is nothing for us to make."""
    assert Layout(cgroups.parse(UNIFIED), systemd=False).unified
    assert Layout(cgroups.parse(UNIFIED), systemd=True).ours == ()


def test_v2_passes_all_controllers_on(tmp_path: Path) -> None:
    """Without systemd, a machine on v2 gets every controller that there is."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    layout = Layout((Hierarchy(tmp_path, 2, frozenset()),), systemd=False)
    assert cgroups.make(layout, "kprov.demo.cp1") == (tmp_path / "kprov.demo.cp1",)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpuset +cpu +memory"


def test_v2_in_a_container_is_explained(tmp_path: Path) -> None:
    """Where the kernel refuses controllers the error says why (here: a folder in the way)."""
    (tmp_path / "cgroup.controllers").write_text("memory\n")
    (tmp_path / "cgroup.subtree_control").mkdir()
    layout = Layout((Hierarchy(tmp_path, 2, frozenset()),), systemd=False)
    with pytest.raises(LocalMachineError, match="itself a container"):
        cgroups.make(layout, "kprov.demo.cp1")


def test_v1_cpuset_is_filled(tmp_path: Path) -> None:
    """A v1 cpuset starts empty and takes no process until it has processors and memory."""
    (tmp_path / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset.mems").write_text("0\n")
    layout = Layout((Hierarchy(tmp_path, 1, frozenset({"rw", "cpuset"})),), systemd=False)
    (made,) = cgroups.make(layout, "kprov.demo.cp1")
    assert (made / "cpuset.cpus").read_text() == "0-1\n"
    assert (made / "cpuset.mems").read_text() == "0\n"


def test_removal_takes_the_whole_tree_of_one_cluster(tmp_path: Path) -> None:
    """Deepest first; a cluster whose name only begins alike is left alone."""
    layout = Layout((Hierarchy(tmp_path, 1, frozenset({"pids"})),), systemd=False)
    (tmp_path / "kprov.demo.cp1/kubepods/pod1").mkdir(parents=True)
    (tmp_path / "kprov.demo2.cp1").mkdir()
    cgroups.remove(layout, "kprov.demo.*")
    assert [path.name for path in tmp_path.iterdir()] == ["kprov.demo2.cp1"]


def test_removal_says_what_is_in_the_way(tmp_path: Path) -> None:
    """A group that stays busy ends in an error with its place, not in a loop."""
    layout = Layout((Hierarchy(tmp_path, 1, frozenset({"pids"})),), systemd=False)
    (tmp_path / "kprov.demo.cp1").mkdir()
    (tmp_path / "kprov.demo.cp1/busy").write_text("")
    with pytest.raises(LocalMachineError, match=re.escape("kprov.demo.cp1")):
        cgroups.remove(layout, "kprov.demo.*", seconds=0.05)


@pytest.mark.parametrize("name", ["cp1", "node-1.example.com"])
def test_identity_can_be_read_back(name: str) -> None:
    """Machine names may have dots, cluster names have none: the mark is unambiguous."""
    assert processes.owner(processes.identity("demo-1", name)) == ("demo-1", name)


def test_this_test_is_no_machine() -> None:
    """Reading all of /proc gives machines only, whatever else runs here."""
    assert all(mark.startswith("kprov.") for mark in processes.scan())


MOUNTS = """\
23 1 254:0 / / rw - ext4 /dev/vda rw
24 23 0:9 / /home rw - nfs4 server:/home rw
25 23 0:10 / /mnt/my\\040disk rw - xfs /dev/sdb rw
26 23 0:11 / /home rw - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/root/.cache/kprov", "ext4"),
        ("/home/me/.cache", "overlay"),
        ("/homeless", "ext4"),
        ("/mnt/my disk/cache", "xfs"),
    ],
)
def test_file_system_of_the_cache(path: str, kind: str) -> None:
    """The nearest mount point counts, the last one mounted on it, escapes included."""
    assert requirements.file_system(Path(path), MOUNTS) == kind


def test_few_inotify_instances_are_warned_about(tmp_path: Path) -> None:
    """Many machines share root's inotify instances: said with the command that helps."""
    limit = tmp_path / "max_user_instances"
    limit.write_text("128\n")
    assert requirements.warnings(5, limit) == ()
    assert "sysctl -w fs.inotify.max_user_instances" in requirements.warnings(50, limit)[0]


def test_bridge_address_is_local_unicast_and_differs() -> None:
    """The MAC is locally administered (second bit of the first byte), not multicast (first bit)."""
    first = int(hardware_address("demo").split(":")[0], 16)
    assert first & 0b11 == 0b10
    assert hardware_address("demo") == hardware_address("demo")
    assert hardware_address("demo") != hardware_address("demo2")


def test_console_lines_are_readable(tmp_path: Path) -> None:
    """Colours, carriage returns and empty lines of a console are no help in an error."""
    (tmp_path / "console.log").write_bytes(
        b"\x1b[0;32m  OK  \x1b[0m Started x\r\n\r\n\x1b]0;title\x07bad \xff end\n"
    )
    assert console_lines(tmp_path) == ("  OK   Started x", "bad \N{REPLACEMENT CHARACTER} end")


def test_console_that_said_nothing(tmp_path: Path) -> None:
    """No log yet: said so."""
    assert console_lines(tmp_path) == ("(nothing)",)
