"""The base image: one Debian root file system, built once, under every machine as a lower layer."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kprov.machines import apt_sources, records
from kprov.machines.apt_sources import Source
from kprov.machines.commands import ALONE, run
from kprov.machines.debootstrap import debootstrap
from kprov.machines.extras import install
from kprov.machines.folders import (
    DATA_DIRECTORIES,
    Folders,
    lock_if_free,
    locked,
    make_directory,
)
from kprov.model.errors import LocalMachineError

IMAGE = Path(__file__).parent / "share" / "image"
_SCRIPTS = Path("/usr/share/debootstrap/scripts")
_VERSION = "2"
_KEEP_SECONDS = 14 * 24 * 3600

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "ca-certificates"),
    *("iproute2", "iptables", "nftables", "ebtables", "ethtool", "socat", "conntrack"),
    *("kmod", "procps", "mount", "util-linux", "libseccomp2"),
)
"""What a plain server has that Kubernetes needs; nothing of Kubernetes itself."""

# Hardware, consoles and daily chores: a machine that is a process of another one has none of them.
MASKED_UNITS = (
    *("systemd-udevd.service", "systemd-udev-trigger.service", "systemd-networkd.service"),
    *("systemd-udevd-control.socket", "systemd-udevd-kernel.socket", "systemd-networkd.socket"),
    *("console-getty.service", "getty@.service", "getty.target", "e2scrub_reap.service"),
    *("e2scrub_all.timer", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer"),
    *("fstrim.timer", "dev-hugepages.mount", "sys-kernel-debug.mount", "sys-kernel-config.mount"),
    *("sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "modprobe@.service"),
)

Report = Callable[[str], None]


def ensure(packages: Sequence[str], cache: Path, report: Report) -> Path:
    """The base image with these packages besides the usual; built when the cache has none.

    Takes one to two minutes when it builds. LocalMachineError when apt's mirror cannot be found or
    cannot give the packages; an unfinished image is never seen by anyone.
    """
    source = _source()
    folders = Folders(cache)
    plain = _image(folders, source, ())
    image = _image(folders, source, packages)
    if image.is_dir():
        os.utime(image)
        return image
    make_directory(folders.images, 0o700)
    with locked(folders.images, lambda: report("base image: another kprov builds it, waits")):
        _remove_unfinished(folders)
        _remove_outdated(folders)
        if not plain.is_dir():
            _build_plain(plain, source, report)
        if not image.is_dir():
            _build_on(plain, image, source, packages, report)
    return image


def _image(folders: Folders, source: Source, packages: Sequence[str]) -> Path:
    names = sorted({*PACKAGES, *packages})
    return folders.images / f"base-{_digest(source.suite, names)}"


def tidy(cache: Path) -> None:
    """Remove what a killed build left, unless a build is under way."""
    folders = Folders(cache)
    if folders.images.is_dir():
        with lock_if_free(folders.images) as handle:
            if handle is not None:
                _remove_unfinished(folders)


def _remove_unfinished(folders: Folders) -> None:
    for leftover in folders.images.glob("base-*.partial"):
        shutil.rmtree(leftover)


def _remove_outdated(folders: Folders, now: float | None = None) -> None:
    """Remove images that no machine stands on and nobody has asked for in a while."""
    oldest = (now or time.time()) - _KEEP_SECONDS
    used = {
        machine.base
        for cluster in folders.clusters.glob("*")
        for machine in records.machines(folders, cluster.name)
    }
    for image in folders.images.glob("base-*"):
        if image.name not in used and image.stat().st_mtime < oldest:
            shutil.rmtree(image)


def _source() -> Source:
    source = apt_sources.choose(apt_sources.read(), lambda suite: (_SCRIPTS / suite).exists())
    if source is None:
        raise LocalMachineError(
            "no Debian or Ubuntu mirror that debootstrap can use is configured on this computer",
            where="/etc/apt",
            hint="the base image comes from this computer's own apt sources: add the "
            "distribution's `main` component to /etc/apt/sources.list",
        )
    return source


def _digest(suite: str, packages: Sequence[str]) -> str:
    """Names an image by all that goes into it, the mirror aside."""
    digest = hashlib.sha256()
    for part in (_VERSION, suite, *packages, *MASKED_UNITS, *DATA_DIRECTORIES):
        digest.update(part.encode() + b"\0")
    for path in sorted(path for path in IMAGE.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(IMAGE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _build_plain(image: Path, source: Source, report: Report) -> None:
    report(f"base image: builds {source.suite} from {source.uri}, once; takes a minute or two")
    with _appears_complete(image) as root:
        debootstrap(root, source, sorted(PACKAGES), report)
        _remove_traces(root)
        _configure(root)


def _build_on(
    plain: Path, image: Path, source: Source, packages: Sequence[str], report: Report
) -> None:
    extra = sorted({*packages} - {*PACKAGES})
    report(f"base image: adds {', '.join(extra)}, once")
    with _appears_complete(image) as root:
        run("cp", "--archive", "--reflink=auto", str(plain), str(root))
        install(root, source, extra)
        _remove_traces(root)
        _install_files(root)


@contextmanager
def _appears_complete(image: Path) -> Iterator[Path]:
    """A folder to build in, which becomes the image when all went well."""
    partial = image.with_name(f"{image.name}.partial")
    partial.mkdir()
    root = partial / "root"
    yield root
    run("sync", "--file-system", str(root))
    root.rename(image)
    shutil.rmtree(partial)


def _configure(root: Path) -> None:
    """Make a machine of a bare system: our files, a user, no trace of this computer."""
    _install_files(root)
    for directory in DATA_DIRECTORIES:
        make_directory(root / directory)
    units = root / "etc/systemd/system"
    make_directory(units / "sysinit.target.wants")
    _link(units / "sysinit.target.wants/kprov-local.service", "../kprov-local.service")
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    for unit in MASKED_UNITS:
        _link(units / unit, "/dev/null")
    # Settings of the kernel are this computer's: a machine that boots must not change them.
    for settings in (root / "usr/lib/sysctl.d").glob("*.conf"):
        _link(root / "etc/sysctl.d" / settings.name, "/dev/null")
    chroot = (*ALONE, "chroot", str(root))
    run(*chroot, "useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "admin")
    run(*chroot, "passwd", "--lock", "root")


def _install_files(root: Path) -> None:
    for source in (path for path in IMAGE.rglob("*") if path.is_file()):
        target = root / source.relative_to(IMAGE)
        make_directory(target.parent)
        target.write_bytes(source.read_bytes())
        target.chmod(0o644)


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _remove_traces(root: Path) -> None:
    """Drop apt's sources (no internet here), host keys, names and logs of the build."""
    for pattern in (
        *("etc/apt/sources.list", "etc/apt/sources.list.d/*", "etc/ssh/ssh_host_*"),
        *("etc/hostname", "etc/resolv.conf", "etc/machine-id", "var/lib/dbus/machine-id"),
        *("var/cache/apt/*.bin", "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*"),
        *("var/log/*.log", "var/log/apt/*", "debootstrap"),
    ):
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
