"""Where upstream keeps its releases: address, checksum, and what is inside the archives."""

from __future__ import annotations

import difflib
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from kprov.artifacts.versions import Versions
from kprov.model.errors import ArtifactError

Architecture = Literal["amd64", "arm64"]
ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file to be had, pinned; with `member`, the file inside that archive is what is wanted.

    `url` is where it is fetched from, `upstream_url` who published it; `size` in bytes is that
    of the file at `url`, when known; `arch` is None for image archives, which say it themselves.
    """

    name: str
    component: str
    version: str
    arch: Architecture | None
    url: str
    upstream_url: str
    sha256: str
    member: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """How a component's releases are laid out; `{tag}` is v1.2.3, `{bare}` is 1.2.3."""

    component: str
    url: str
    checksum_url: str
    folder: str | None
    """Where an archive keeps its programs; None: the release is the program itself."""
    bare_checksum: bool = False
    """The checksum file holds the digest alone, without the file's name."""

    def url_of(self, version: str, arch: Architecture) -> str:
        """The upstream address of a version."""
        return _fill(self.url, version, arch)

    def checksum_url_of(self, version: str, arch: Architecture) -> str:
        """The upstream address of the file with its checksum."""
        return _fill(self.checksum_url, version, arch)

    def member_of(self, version: str, arch: Architecture, member: str | None) -> str | None:
        """The path of a program in the archive: `etcdctl`, or the full path as it is."""
        if member is None:
            return None
        if self.folder is None:
            raise ArtifactError(
                f"{self.url_of(version, arch)} is no archive, it has no member {member!r}",
                hint="leave `member` out",
            )
        folder = _fill(self.folder, version, arch)
        return member if member.startswith(folder) else folder + member


_KUBERNETES = "https://dl.k8s.io/release/{tag}/bin/linux/{arch}/"
_GITHUB = "https://github.com/{project}/releases/download/{{tag}}/"


def _kubernetes(name: str) -> Release:
    url = _KUBERNETES + name
    return Release("kubernetes", url, f"{url}.sha256", None, bare_checksum=True)


def _github(component: str, project: str, file: str, checksum: str, folder: str | None) -> Release:
    base = _GITHUB.format(project=project)
    return Release(component, base + file, base + checksum.replace("{file}", file), folder)


_PROGRAMS = (
    "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet",
    "kubectl",
)  # fmt: skip

RELEASES: Mapping[str, Release] = {
    **{name: _kubernetes(name) for name in _PROGRAMS},
    "etcd": _github(
        "etcd", "etcd-io/etcd", "etcd-{tag}-linux-{arch}.tar.gz", "SHA256SUMS",
        "etcd-{tag}-linux-{arch}/",
    ),
    "containerd": _github(
        "containerd", "containerd/containerd", "containerd-{bare}-linux-{arch}.tar.gz",
        "{file}.sha256sum", "bin/",
    ),
    "runc": _github("runc", "opencontainers/runc", "runc.{arch}", "runc.sha256sum", None),
    "cni-plugins": _github(
        "cni-plugins", "containernetworking/plugins", "cni-plugins-linux-{arch}-{tag}.tgz",
        "{file}.sha256", "",
    ),
    "crictl": replace(_github(
        "crictl", "kubernetes-sigs/cri-tools", "crictl-{tag}-linux-{arch}.tar.gz",
        "{file}.sha256", "",
    ), bare_checksum=True),
}  # fmt: skip


def release(name: str) -> Release:
    """The layout of what roles call `name`; raises ArtifactError for a name not known here."""
    found = RELEASES.get(name)
    if found is not None:
        return found
    close = difflib.get_close_matches(name, RELEASES, 1)
    raise ArtifactError(
        f"there is no artefact {name!r}",
        hint=f"did you mean {close[0]}?" if close else f"there are {', '.join(RELEASES)}",
    )


def mirror_paths(upstream_url: str) -> tuple[str, str]:
    """Where a mirror has a file, below its base: upstream's path, or host name and path."""
    parts = urllib.parse.urlsplit(upstream_url)
    path = parts.path.lstrip("/")
    return path, f"{parts.netloc}/{path}"


def file_name(upstream_url: str) -> str:
    """The last part of an address."""
    return upstream_url.rpartition("/")[2]


def version_of(name: str, versions: Versions) -> str:
    """The version that a cluster has of what roles call `name`."""
    return versions.of(release(name).component)


def _fill(template: str, version: str, arch: Architecture) -> str:
    bare = version.removeprefix("v")
    return template.format(tag=f"v{bare}", bare=bare, arch=arch)
