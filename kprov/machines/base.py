"""The base image: one Debian root file system, built once, under every machine as a lower layer."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kprov.machines import apt_sources
from kprov.machines.apt_sources import Source
from kprov.machines.commands import environment, run
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
_VERSION = "1"

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

# The start of a line of debootstrap, and what it means to the person who waits.
_STAGES = (
    ("I: Retrieving", "base image: downloads packages"),
    ("I: Extracting", "base image: unpacks packages"),
    ("I: Installing core packages", "base image: installs packages"),
)

Report = Callable[[str], None]


def ensure(packages: Sequence[str], cache: Path, report: Report) -> Path:
    """The base image with these packages besides the usual; built when the cache has none.

    Takes one to two minutes when it builds. LocalMachineError when apt's mirror cannot be found or
    debootstrap fails; an unfinished image is never seen by anyone.
    """
    source = _source()
    wanted = tuple(sorted({*PACKAGES, *packages}))
    folders = Folders(cache)
    image = folders.images / f"base-{_digest(source.suite, wanted)}"
    if image.is_dir():
        return image
    make_directory(folders.images, 0o700)
    with locked(folders.images, lambda: report("base image: another kprov builds it, waits")):
        _remove_unfinished(folders)
        if not image.is_dir():
            _build(image, source, wanted, report)
    return image


def tidy(cache: Path) -> None:
    """Remove what a killed build left, unless a build is under way."""
    folders = Folders(cache)
    if folders.images.is_dir():
        with lock_if_free(folders.images) as free:
            if free:
                _remove_unfinished(folders)


def _remove_unfinished(folders: Folders) -> None:
    for leftover in folders.images.glob("base-*.partial"):
        shutil.rmtree(leftover)


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


def _build(image: Path, source: Source, packages: Sequence[str], report: Report) -> None:
    report(f"base image: builds {source.suite} from {source.uri}, once; takes a minute or two")
    partial = image.with_name(f"{image.name}.partial")
    partial.mkdir()
    root = partial / "root"
    _debootstrap(root, source, packages, report)
    _configure(root)
    run("sync", "--file-system", str(root))
    root.rename(image)
    shutil.rmtree(partial)


def _debootstrap(root: Path, source: Source, packages: Sequence[str], report: Report) -> None:
    command = ["debootstrap", "--variant=minbase", "--components=main"]
    command.append(f"--include={','.join(packages)}")
    if source.trusted:
        command.append("--no-check-gpg")
    elif source.signed_by:
        command.append(f"--keyring={source.signed_by}")
    command += [source.suite, str(root), source.uri]
    with _download_settings() as settings:
        process = subprocess.Popen(
            [*_ALONE, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment(settings),
        )
        last = _follow(process, report)
    if process.returncode:
        raise LocalMachineError(
            "debootstrap could not build the base image; it said last:\n"
            + "\n".join(f"    {line}" for line in (*last, *_own_log(root))),
            where=f"{source.uri} {source.suite}",
            hint="check that `apt-get update` works on this computer, then run the command again",
        )


# Dies with us, and everything it started and mounted dies with it, also after kill -9.
_ALONE = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"),
)


def _follow(process: subprocess.Popen[str], report: Report) -> tuple[str, ...]:
    """Report the stages as they begin; the last lines of the output, when it ends."""
    assert process.stdout is not None
    last: deque[str] = deque(maxlen=5)
    stages = list(_STAGES)
    for line in process.stdout:
        last.append(line.rstrip())
        if stages and line.startswith(stages[0][0]):
            report(stages.pop(0)[1])
    process.wait()
    return tuple(last)


def _own_log(root: Path) -> tuple[str, ...]:
    log = root / "debootstrap" / "debootstrap.log"
    return tuple(log.read_text(errors="replace").splitlines()[-5:]) if log.is_file() else ()


@contextmanager
def _download_settings() -> Iterator[dict[str, str]]:
    """apt's proxy and certificate authority as wget, which debootstrap calls, understands them."""
    settings = {}
    for scheme in ("http", "https"):
        proxy = _apt_setting(f"Acquire::{scheme}::Proxy")
        if proxy and proxy != "DIRECT":
            settings[f"{scheme}_proxy"] = proxy
    authority = _apt_setting("Acquire::https::CaInfo")
    if not authority:
        yield settings
        return
    with tempfile.NamedTemporaryFile("w", prefix="kprov-wgetrc-") as wgetrc:
        wgetrc.write(f"ca_certificate = {authority}\n")
        wgetrc.flush()
        yield {**settings, "WGETRC": wgetrc.name}


def _apt_setting(name: str) -> str:
    words = run("apt-config", "shell", "VALUE", name).strip()
    return words.removeprefix("VALUE=").strip("'")


def _configure(root: Path) -> None:
    """Make a machine of a bare system: our files, a user, no trace of this computer."""
    _remove_traces(root)
    for path in IMAGE.rglob("*"):
        if path.is_file():
            _install(path.read_bytes(), root / path.relative_to(IMAGE))
    for directory in DATA_DIRECTORIES:
        make_directory(root / directory)
    units = root / "etc/systemd/system"
    make_directory(units / "sysinit.target.wants")
    _link(units / "sysinit.target.wants/kprov-local.service", "../kprov-local.service")
    _link(units / "default.target", "/lib/systemd/system/multi-user.target")
    for unit in MASKED_UNITS:
        _link(units / unit, "/dev/null")
    chroot = (*_ALONE, "chroot", str(root))
    run(*chroot, "useradd", "--create-home", "--shell", "/bin/bash", "--groups", "sudo", "admin")
    run(*chroot, "passwd", "--lock", "root")


def _install(content: bytes, path: Path) -> None:
    make_directory(path.parent)
    path.write_bytes(content)
    path.chmod(0o644)


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
