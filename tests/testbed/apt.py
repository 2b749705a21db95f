"""Debian packages, binary and source, through a private view of this machine's apt sources.

Nothing under /etc/apt is touched, and no mirror is named here: the addresses are asked from apt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.testbed.process import TestbedError, logged, output, say

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class Repository:
    """One suite and component of a package archive, as apt knows it."""

    address: str
    suite: str
    component: str

    def lines(self, keyring: Path | None) -> list[str]:
        """Return the binary and the source entry (sources.list(5), one-line style)."""
        options = f"[signed-by={keyring}] " if keyring else ""
        return [
            f"{kind} {options}{self.address} {self.suite} {self.component}"
            for kind in ("deb", "deb-src")
        ]


def parse_targets(text: str) -> list[Repository]:
    """Read `ORIGIN|REPO_URI|RELEASE|COMPONENT` lines; keep Debian's own, each once, in order."""
    rows = (line.split("|") for line in text.splitlines() if line)
    kept = {Repository(row[1], row[2], row[3]): None for row in rows if row[0] == "Debian"}
    return list(kept)


class PrivateApt:
    """apt with its own sources, lists and archives below one folder.

    The first use downloads the package lists (about 30 MB).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "apt.log"
        self._options = [
            *("-o", f"Dir::Etc::sourcelist={folder}/sources.list"),
            *("-o", "Dir::Etc::sourceparts=-"),
            *("-o", f"Dir::State::lists={folder}/lists"),
            *("-o", f"Dir::Cache={folder}/cache"),
            # The machine's own folders are closed to the user apt would change to.
            *("-o", "APT::Sandbox::User=root"),
        ]

    def update(self) -> None:
        """Write the private sources and download their lists."""
        for name in ("lists/partial", "cache/archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        keyring = KEYRING if KEYRING.exists() else None
        lines = [line for repository in _repositories() for line in repository.lines(keyring)]
        (self._folder / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
        say("reading Debian's package lists, sources included")
        logged(["apt-get", *self._options, "-q", "update"], self._log)

    def candidate(self, package: str) -> str | None:
        """Return the version apt would download, or None when Debian has no such package."""
        text = output(["apt-cache", *self._options, "policy", package])
        found = [line.split()[1] for line in text.splitlines() if "Candidate:" in line]
        return found[0] if found and found[0] != "(none)" else None

    def source_version(self, package: str) -> str | None:
        """Return the newest version of a source package, or None when there is none."""
        text = output(["apt-cache", *self._options, "showsrc", "--only-source", package])
        versions = [line.split()[1] for line in text.splitlines() if line.startswith("Version:")]
        newest: str | None = None
        for version in versions:
            if newest is None or _newer(version, newest):
                newest = version
        return newest

    def unpack(self, package: str, version: str, into: Path) -> None:
        """Download a binary package and unpack its files below `into`; nothing is installed."""
        downloads = into.with_name(f"{into.name}.download")
        downloads.mkdir(parents=True)
        command = ["apt-get", *self._options, "-q", "download", f"{package}={version}"]
        logged(command, self._log, cwd=downloads)
        (archive,) = downloads.glob("*.deb")
        into.mkdir(parents=True, exist_ok=True)
        logged(["dpkg", "-x", str(archive), str(into)], self._log)
        shutil.rmtree(downloads)

    def unpack_source(self, package: str, version: str, into: Path) -> None:
        """Download a source package and unpack it, Debian's patches applied, as `into`."""
        downloads = into.with_name(f"{into.name}.download")
        downloads.mkdir(parents=True)
        command = ["apt-get", *self._options, "-q", "source", "--download-only", "--only-source"]
        logged([*command, f"{package}={version}"], self._log, cwd=downloads)
        (description,) = downloads.glob("*.dsc")
        logged(["dpkg-source", "--no-check", "-x", str(description), str(into)], self._log)
        shutil.rmtree(downloads)


def require(packages: Iterable[str], log: Path) -> None:
    """Install the packages this machine lacks.

    Raises TestbedError with the command to run when this user may not install.
    """
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise TestbedError(
            f"this machine lacks {', '.join(missing)}; "
            f"run: sudo apt-get update && sudo {' '.join(install)}"
        )
    say(f"installing {' '.join(missing)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    logged(["apt-get", "-q", "update"], log, environment=quiet)
    logged(install, log, environment=quiet)


def _installed(package: str) -> bool:
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}\n", package]
    try:
        done = subprocess.run(query, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise TestbedError(
            "dpkg-query: no such program; the test bed is built on Debian 12"
        ) from error
    return "installed" in done.stdout.split()


def _newer(left: str, right: str) -> bool:
    command = ["dpkg", "--compare-versions", left, "gt", right]
    return subprocess.run(command, check=False).returncode == 0


def _repositories() -> Sequence[Repository]:
    fields = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    query = ["apt-get", "indextargets", "--format", fields, "Created-By: Packages"]
    found = parse_targets(output(query))
    if not found and os.geteuid() == 0:
        output(["apt-get", "-q", "update"])  # apt knows a source's origin only after an update
        found = parse_targets(output(query))
    if not found:
        raise TestbedError(
            "apt knows no Debian package source (apt-get indextargets shows no Origin: Debian); "
            "the test bed is built on Debian 12 with its own sources: "
            "check /etc/apt/sources.list* and run apt-get update"
        )
    return found
