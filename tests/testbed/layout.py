"""Where upstream keeps each artefact and its checksum, the host part left out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Paths of an artefact and of the file with its checksum, both relative to the mirror."""

    path: str
    checksum: str

    @property
    def name(self) -> str:
        """The artefact's file name."""
        return self.path.rpartition("/")[2]


def kubernetes(label: str, architecture: str, command: str) -> Place:
    """Return the place of one Kubernetes program; its checksum file holds the bare digest."""
    path = f"release/{label}/bin/linux/{architecture}/{command}"
    return Place(path, f"{path}.sha256")


def etcd(version: str, architecture: str) -> Place:
    """Return the place of the etcd archive; its members are in a folder of the archive's name."""
    folder = f"etcd-io/etcd/releases/download/v{version}"
    return Place(f"{folder}/{etcd_folder(version, architecture)}.tar.gz", f"{folder}/SHA256SUMS")


def etcd_folder(version: str, architecture: str) -> str:
    """Return the name of the one top-level folder in the etcd archive."""
    return f"etcd-v{version}-linux-{architecture}"


def containerd(version: str, architecture: str) -> Place:
    """Return the place of the containerd archive; its members are in `bin/`."""
    folder = f"containerd/containerd/releases/download/v{version}"
    path = f"{folder}/containerd-{version}-linux-{architecture}.tar.gz"
    return Place(path, f"{path}.sha256sum")


def runc(version: str, architecture: str) -> Place:
    """Return the place of runc, a bare program."""
    folder = f"opencontainers/runc/releases/download/v{version}"
    return Place(f"{folder}/runc.{architecture}", f"{folder}/runc.sha256sum")


def cni_plugins(version: str, architecture: str) -> Place:
    """Return the place of the CNI plugins archive; its members are `./NAME`."""
    folder = f"containernetworking/plugins/releases/download/v{version}"
    path = f"{folder}/cni-plugins-linux-{architecture}-v{version}.tgz"
    return Place(path, f"{path}.sha256")
