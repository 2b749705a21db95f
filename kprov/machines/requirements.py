"""What this computer must have before machines can be made on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kprov.machines.commands import SEARCH_PATH
from kprov.model.errors import LocalMachineError

_PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "iptables": "iptables",
}
"""Program to Debian package; everything else we call is in packages that Debian calls essential."""

# An overlay's upper layer needs a file system of this computer's own with extended attributes
# (filesystems/overlayfs.rst, "Upper and lower layers").
_UNFIT_FILE_SYSTEMS = ("overlay", "nfs", "nfs4", "cifs", "9p", "fuse", "vfat", "exfat", "ntfs3")


def missing_packages() -> tuple[str, ...]:
    """Debian packages that local machines need and this computer lacks, in apt's names."""
    return tuple(
        package
        for program, package in _PROGRAMS.items()
        if not shutil.which(program, path=SEARCH_PATH)
    )


def check(cache: Path, action: str) -> None:
    """LocalMachineError with the command that helps, when this computer is not ready."""
    check_root(action)
    missing = missing_packages()
    if missing:
        raise LocalMachineError(
            f"local machines need programs that this computer lacks: {', '.join(missing)}",
            hint=f"sudo apt-get install --yes {' '.join(missing)}"
            if shutil.which("apt-get")
            else "local machines need a computer with Debian or Ubuntu (apt-get is not here)",
        )
    _check_file_system(cache)


def check_root(action: str) -> None:
    """LocalMachineError unless we are root."""
    if os.geteuid() != 0:
        raise LocalMachineError(
            "local machines need root: they are containers with a network and disks of their own",
            hint=f"sudo kprov local {action} ...",
        )


def warnings(
    machines: int,
    instances: Path = Path("/proc/sys/fs/inotify/max_user_instances"),
) -> tuple[str, ...]:
    """What may go wrong with so many machines, and what to do about it.

    All machines share root's inotify instances (inotify(7)): systemd, containerd, kubelet and
    others of one node hold 13 of them (measured, Kubernetes v1.20).
    """
    limit = int(instances.read_text())
    if limit >= _INOTIFY_INSTANCES * machines:
        return ()
    warning = (
        f"this computer allows {limit} inotify instances, which {machines} machines may use up "
        '("too many open files"): sudo sysctl -w fs.inotify.max_user_instances=1024'
    )
    return (warning,)


_INOTIFY_INSTANCES = 14


def _check_file_system(cache: Path) -> None:
    kind = file_system(cache.resolve(), Path("/proc/self/mountinfo").read_text())
    if kind.split(".")[0] in _UNFIT_FILE_SYSTEMS:
        raise LocalMachineError(
            f"the disks of local machines cannot lie on a file system of type {kind}",
            where=str(cache),
            hint="set KPROV_CACHE to a folder on a local disk (ext4, xfs, btrfs)",
        )


def file_system(path: Path, mountinfo: str) -> str:
    """The type of the file system that holds a path, by a mount table (proc_pid_mountinfo(5))."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        head, _, tail = line.partition(" - ")
        point = Path(head.split(" ")[4].replace("\\040", " "))
        # Later mounts cover earlier ones on the same point.
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), tail.split(" ", 1)[0]
    return kind
