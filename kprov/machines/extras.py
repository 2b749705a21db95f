"""Adding packages to a base image by its own apt: debootstrap resolves simple dependencies only."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from kprov.machines.apt_sources import Source
from kprov.machines.commands import ALONE, run
from kprov.machines.debootstrap import apt_setting

# Lies in the image while apt works; goes again with the other traces of the build.
_SOURCES = "etc/apt/sources.list.d"
_POLICY = "usr/sbin/policy-rc.d"

# What this computer's apt was told about its mirrors holds for the image's too.
_SETTINGS = (
    *("Acquire::http::Proxy", "Acquire::https::Proxy"),
    *("Acquire::Check-Valid-Until", "Acquire::Check-Date"),
)

# The mounts belong to the mount namespace of ALONE and end with it.
_INSTALL = """
set -eu
root=$1
shift
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
export DEBIAN_FRONTEND=noninteractive
chroot "$root" apt-get --quiet "$@" update
chroot "$root" apt-get --quiet "$@" --yes --no-install-recommends install PACKAGES
chroot "$root" apt-get clean
"""


def install(root: Path, source: Source, packages: Sequence[str]) -> None:
    """Install packages and what they depend on; LocalMachineError with apt's own words."""
    shutil.copyfile("/etc/resolv.conf", root / "etc/resolv.conf")
    # Services of the packages belong to machines, not to this computer (invoke-rc.d(8)).
    (root / _POLICY).write_text("#!/bin/sh\nexit 101\n")
    (root / _POLICY).chmod(0o755)
    (root / _SOURCES / "mirror.list").write_text(_entry(root, source))
    script = _INSTALL.replace("PACKAGES", shlex.join(packages))
    run(*ALONE, "sh", "-c", script, "sh", str(root), *_options(root))
    (root / _POLICY).unlink()


def _entry(root: Path, source: Source) -> str:
    options = ""
    if source.trusted:
        options = "[trusted=yes] "
    elif source.signed_by:
        keyring = f"{_SOURCES}/mirror{Path(source.signed_by).suffix}"
        shutil.copyfile(source.signed_by, root / keyring)
        options = f"[signed-by=/{keyring}] "
    return f"deb {options}{source.uri} {source.suite} main\n"


def _options(root: Path) -> Iterator[str]:
    for name in _SETTINGS:
        value = apt_setting(name)
        if value:
            yield f"--option={name}={value}"
    authority = apt_setting("Acquire::https::CaInfo")
    if authority:
        copy = f"{_SOURCES}/mirror.crt"
        shutil.copyfile(authority, root / copy)
        yield f"--option=Acquire::https::CaInfo=/{copy}"
