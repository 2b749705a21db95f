"""Builds the mirror: a folder of real Kubernetes artefacts in upstream's own layout.

Run as `python -m tests.testbed.mirror`; the last line on stdout is the mirror's path.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

from tests.testbed import images, kubernetes, layout
from tests.testbed.apt import PrivateApt, require
from tests.testbed.archives import sha256
from tests.testbed.components import COMPONENTS, Files, repack
from tests.testbed.process import TestbedError, output, say
from tests.testbed.store import Store, digest
from tests.testbed.versions import upstream

BINARY_PACKAGES = (*(name for part in COMPONENTS for name in part.packages), "busybox-static")


def default_cache() -> Path:
    """Return kprov's cache folder: KPROV_CACHE, or where this system keeps caches."""
    return Path(os.environ.get("KPROV_CACHE") or platformdirs.user_cache_path("kprov"))


def build_mirror(cache: Path, labels: Sequence[str] = (), *, refresh: bool = False) -> Path:
    """Return the mirror's folder, built below `cache`/testbed when it is not there yet.

    `labels` are further versions (`v1.20.3-test`) under which the same Kubernetes source is built
    again. `refresh` asks Debian for newer packages, also when a mirror is there.
    Raises TestbedError when this machine cannot build it.
    """
    store = Store(cache / "testbed")
    name = digest(_recipe(), *labels)
    found = None if refresh else store.recall(name)
    if found:
        return found
    with store.locked():
        found = None if refresh else store.recall(name)  # built while this process waited
        if not found:
            found = _build(store, labels)
            store.remember(name, found)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the mirror and print its path."""
    parser = argparse.ArgumentParser(prog="python -m tests.testbed.mirror", description=__doc__)
    parser.add_argument(
        "--also",
        metavar="LABEL",
        action="append",
        default=[],
        help="a further version label, such as v1.20.3-test (repeatable)",
    )
    parser.add_argument("--refresh", action="store_true", help="look for newer Debian packages")
    options = parser.parse_args(arguments)
    try:
        print(build_mirror(default_cache(), options.also, refresh=options.refresh))
    except TestbedError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; what was complete is kept")
        return 130
    return 0


def _build(store: Store, labels: Sequence[str]) -> Path:
    started = time.monotonic()
    require(kubernetes.TOOLS, store.folder("logs") / "apt.log")
    apt = PrivateApt(store.folder("apt"))
    apt.update()
    versions = _versions(apt)
    source = versions["kubernetes"]
    every_label = dict.fromkeys([f"v{upstream(source)}", *labels])
    programs = {label: kubernetes.build(store, apt, source, label) for label in every_label}
    architecture = output(["dpkg", "--print-architecture"]).strip()

    def fill(mirror: Path) -> None:
        for label, folder in programs.items():
            _add_kubernetes(mirror, label, folder, architecture)
        with tempfile.TemporaryDirectory(dir=store.folder("work")) as work:
            tree = kubernetes.source(store, apt, source) / kubernetes.TREE
            _add_packages(mirror, apt, versions, Path(work), architecture)
            busybox = versions["busybox-static"]
            _add_images(mirror, apt, busybox, tree, Path(work), architecture)

    what = (f"{name}={version}" for name, version in sorted(versions.items()))
    key = digest(_recipe(), architecture, *what, *(path.name for path in programs.values()))
    path = store.once(f"mirror-{key}", fill)
    say(f"mirror complete after {time.monotonic() - started:.0f} s")
    return path


def _versions(apt: PrivateApt) -> dict[str, str]:
    """Return Debian's versions by package; `kubernetes` is the source package."""
    versions = {name: apt.candidate(name) for name in BINARY_PACKAGES}
    versions["kubernetes"] = apt.source_version("kubernetes")
    missing = [name for name, version in versions.items() if not version]
    if missing:
        raise TestbedError(
            f"Debian's package sources of this machine lack {', '.join(missing)}; "
            "the test bed is built on Debian 12 (bookworm), section main"
        )
    return {name: version for name, version in versions.items() if version}


def _add_kubernetes(mirror: Path, label: str, folder: Path, architecture: str) -> None:
    for command in kubernetes.COMMANDS:
        place = layout.kubernetes(label, architecture, command)
        _write(mirror, {place.checksum: sha256((folder / command).read_bytes()).encode()})
        (mirror / place.path).hardlink_to(folder / command)


def _add_packages(
    mirror: Path, apt: PrivateApt, versions: Mapping[str, str], work: Path, architecture: str
) -> None:
    for component in COMPONENTS:
        root = work / component.packages[0]
        for package in component.packages:
            say(f"repacking {package} {versions[package]}")
            apt.unpack(package, versions[package], root)
        _write(mirror, repack(component, versions, root, architecture))
        shutil.rmtree(root)


def _add_images(
    mirror: Path, apt: PrivateApt, version: str, tree: Path, work: Path, architecture: str
) -> None:
    say("making images")
    apt.unpack("busybox-static", version, work / "busybox")
    busybox = work / "busybox/bin/busybox"
    _write(
        mirror,
        {
            "images/busybox.tar": images.busybox_image(busybox, architecture),
            "images/pause.tar": images.pause_image(tree, work, architecture),
        },
    )


def _write(mirror: Path, files: Files) -> None:
    for path, content in files.items():
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path).write_bytes(content)


def _recipe() -> str:
    """Return a digest of the code that builds: another recipe makes another mirror."""
    files = sorted(path for path in Path(__file__).parent.glob("*.py") if path.name != "demo.py")
    return sha256(b"\0".join(file.read_bytes() for file in files))


if __name__ == "__main__":
    sys.exit(main())
