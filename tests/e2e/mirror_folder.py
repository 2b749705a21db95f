"""What a mirror folder has: Kubernetes versions, and image archives to preload."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kprov.artifacts.image_archive import read_image_archive
from kprov.artifacts.versions import LINES
from kprov.model.errors import ArtifactError
from kprov.model.version import Version

_RELEASE = re.compile(r"^v\d+\.\d+\.\d+([-+].*)?$")
_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_LIKELY = re.compile(r".*(pause|busybox)")


@dataclass(frozen=True, slots=True)
class Images:
    """The archives a cluster needs, and the names that pods use for what is in them."""

    archives: tuple[Path, ...]
    pause: str
    busybox: str


def kubernetes_versions(mirror: Path) -> tuple[str, ...]:
    """The releases in a mirror that kprov supports, the newest first.

    Upstream's layout may begin at the folder itself or below upstream's host names, as
    `wget --mirror` leaves it: a version is where its kubelet is.
    """
    found = {
        kubelet.parents[3].name
        for start in ("release", "*/release")
        for kubelet in mirror.glob(f"{start}/*/bin/linux/amd64/kubelet")
    }
    known = [name for name in found if _RELEASE.match(name) and _supported(name)]
    return tuple(sorted(known, key=Version.parse, reverse=True))


def find_images(mirror: Path) -> Images | None:
    """Archives with a pause and a busybox image, anywhere in the mirror; None: not both there."""
    paths = [path for path in sorted(mirror.rglob("*")) if path.name.endswith(_ARCHIVES)]
    likely = [path for path in paths if "image" in str(path.parent) or _LIKELY.match(path.name)]
    return _chosen(likely) or _chosen(paths)


def _chosen(paths: Iterable[Path]) -> Images | None:
    pause: dict[str, Path] = {}
    busybox: dict[str, Path] = {}
    for path, tags in _archives(paths):
        for tag in tags:
            name = tag.rpartition("/")[2].partition(":")[0]
            if "pause" in name:
                pause.setdefault(tag, path)
            elif "busybox" in name:
                busybox.setdefault(tag, path)
    if not pause or not busybox:
        return None
    pause_tag, busybox_tag = _newest(pause), min(busybox)
    archives = dict.fromkeys((pause[pause_tag], busybox[busybox_tag]))
    return Images(tuple(archives), pause_tag, busybox_tag)


def _archives(paths: Iterable[Path]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    for path in paths:
        try:
            yield path, read_image_archive(path).tags
        except ArtifactError:
            continue  # etcd, containerd, CNI plugins: archives of another kind


def _newest(tags: Iterable[str]) -> str:
    """By version; today's registry before the one it replaced."""
    return max(tags, key=lambda tag: (_number(tag), tag.startswith("registry.k8s.io/")))


def _number(tag: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", tag.rpartition(":")[2]))


def _supported(name: str) -> bool:
    return Version.parse(name).minor_text in LINES
