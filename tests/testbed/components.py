"""What lies beside Kubernetes, repacked from Debian's binary packages the way upstream packs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.testbed import layout
from tests.testbed.archives import programs, sums, tar_gz
from tests.testbed.versions import upstream

Files = dict[str, bytes]  # path in the mirror, and content


@dataclass(frozen=True, slots=True)
class Component:
    """Debian packages, and how their unpacked files become upstream's release files."""

    packages: tuple[str, ...]
    repack: Callable[[Path, str, str], Files]  # (unpacked root, upstream version, architecture)


def etcd(root: Path, version: str, architecture: str) -> Files:
    """Return the etcd release: server and client in one folder."""
    files = [root / "usr/bin/etcd", root / "usr/bin/etcdctl"]
    archive = tar_gz(programs(files, layout.etcd_folder(version, architecture)))
    return _with_sums(layout.etcd(version, architecture), archive)


def containerd(root: Path, version: str, architecture: str) -> Files:
    """Return the containerd release: all its programs in `bin/`."""
    archive = tar_gz(programs((root / "usr/bin").iterdir(), "bin"))
    return _with_sums(layout.containerd(version, architecture), archive)


def runc(root: Path, version: str, architecture: str) -> Files:
    """Return the runc release: the program itself."""
    return _with_sums(layout.runc(version, architecture), (root / "usr/sbin/runc").read_bytes())


def cni_plugins(root: Path, version: str, architecture: str) -> Files:
    """Return the CNI plugins release: all plugins at the top of the archive."""
    archive = tar_gz(programs((root / "usr/lib/cni").iterdir(), "."))
    return _with_sums(layout.cni_plugins(version, architecture), archive)


COMPONENTS = (
    Component(("etcd-server", "etcd-client"), etcd),
    Component(("containerd",), containerd),
    Component(("runc",), runc),
    Component(("containernetworking-plugins",), cni_plugins),
)


def repack(
    component: Component, versions: Mapping[str, str], root: Path, architecture: str
) -> Files:
    """Return a component's release files; `versions` are Debian's, by package name."""
    return component.repack(root, upstream(versions[component.packages[0]]), architecture)


def _with_sums(place: layout.Place, content: bytes) -> Files:
    return {place.path: content, place.checksum: sums([(place.name, content)]).encode()}
