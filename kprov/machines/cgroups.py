"""Control groups of machines: cgroup v1 (also hybrid) and v2, whichever this computer has."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kprov.model.errors import LocalMachineError


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One mounted hierarchy; `options` are its mount options: controllers or name=..., on v1."""

    path: Path
    version: int
    options: frozenset[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """How control groups are set up here. `systemd`: PID 1 is systemd and owns the tree."""

    hierarchies: tuple[Hierarchy, ...]
    systemd: bool

    @property
    def unified(self) -> bool:
        """Whether this is a pure v2 computer: no v1 hierarchy at all."""
        return all(hierarchy.version == 2 for hierarchy in self.hierarchies)

    @property
    def ours(self) -> tuple[Hierarchy, ...]:
        """Where we make the machines' directories ourselves.

        Without systemd: everywhere. With systemd a machine is a delegated unit in the hierarchies
        that systemd manages; the v1 controllers it does not delegate (cpuset among them) stay ours.
        """
        if not self.systemd:
            return self.hierarchies
        return tuple(
            hierarchy
            for hierarchy in self.hierarchies
            if hierarchy.version == 1 and "name=systemd" not in hierarchy.options
        )


def detect(
    mountinfo: Path = Path("/proc/self/mountinfo"), systemd: Path = Path("/run/systemd/system")
) -> Layout:
    """The layout of this computer; sd_booted(3) tells whether systemd is PID 1."""
    return Layout(parse(mountinfo.read_text()), systemd.is_dir())


def parse(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The cgroup hierarchies of a mount table (proc_pid_mountinfo(5)), each once."""
    found: dict[Path, Hierarchy] = {}
    for line in mountinfo.splitlines():
        head, _, tail = line.partition(" - ")
        kind, _, options = tail.split(" ", 2)
        path = Path(head.split(" ")[4])
        if kind in ("cgroup", "cgroup2") and path.is_relative_to("/sys/fs/cgroup"):
            version = 2 if kind == "cgroup2" else 1
            found[path] = Hierarchy(path, version, frozenset(options.split(",")))
    return tuple(found.values())


def make(layout: Layout, identity: str) -> tuple[Path, ...]:
    """Make a machine's directory in every hierarchy that is ours; they may be there already."""
    made = []
    for hierarchy in layout.ours:
        directory = hierarchy.path / identity
        if hierarchy.version == 2 and layout.unified:
            _enable_controllers(hierarchy.path)
        directory.mkdir(exist_ok=True)
        if "cpuset" in hierarchy.options:
            # A v1 cpuset without processors or memory nodes takes no process.
            for name in ("cpuset.cpus", "cpuset.mems"):
                (directory / name).write_text((hierarchy.path / name).read_text())
        made.append(directory)
    return tuple(made)


def _enable_controllers(root: Path) -> None:
    available = (root / "cgroup.controllers").read_text().split()
    wanted = " ".join(f"+{controller}" for controller in available)
    try:
        (root / "cgroup.subtree_control").write_text(wanted)
    except OSError as error:
        raise LocalMachineError(
            f"the controllers cannot be passed on to machines: {error.strerror}",
            where=str(root / "cgroup.subtree_control"),
            hint="this computer is itself a container whose control group holds processes: run "
            "kprov where systemd is PID 1, or give the container its own cgroup namespace",
        ) from error


def remove(layout: Layout, pattern: str, seconds: float = 10.0) -> None:
    """Remove directories by name (`*` allowed), deepest first; their processes have been ended."""
    deadline = time.monotonic() + seconds
    for hierarchy in layout.hierarchies:
        for top in hierarchy.path.glob(pattern):
            while not _removed(top):
                if time.monotonic() > deadline:
                    raise LocalMachineError(
                        "processes of the machine stay in its control group",
                        where=str(top),
                        hint=f"see them with: find {top} -name cgroup.procs -exec cat {{}} +",
                    )
                time.sleep(0.01)


def _removed(top: Path) -> bool:
    directories: Iterable[tuple[str, Sequence[str], Sequence[str]]] = os.walk(top, topdown=False)
    for directory, _, _ in directories:
        try:
            Path(directory).rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # EBUSY: the kernel still takes leave of the last process
            return False
    return True
