"""What the scenarios take from a mirror folder, whoever made it."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.mirror_folder import find_images, kubernetes_versions
from tests.testbed.images import image


def test_versions_newest_first(tmp_path: Path):
    """Releases that kprov supports, by number; what has no kubelet or is no release is left out."""
    for version in ("v1.29.1", "v1.36.10", "v1.36.9", "v1.2.3", "stable"):
        add(tmp_path / f"release/{version}/bin/linux/amd64/kubelet")
    add(tmp_path / "release/v1.30.0/bin/linux/amd64/kubectl")
    assert kubernetes_versions(tmp_path) == ("v1.36.10", "v1.36.9", "v1.29.1")


def test_versions_below_the_host_name(tmp_path: Path):
    """A mirror may keep upstream's host name in its paths."""
    add(tmp_path / "dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet")
    assert kubernetes_versions(tmp_path) == ("v1.36.2",)


def test_images_anywhere(tmp_path: Path):
    """The newest pause and a busybox, in archives of any name; other archives are passed over."""
    add(tmp_path / "etcd/etcd-v3.6.0-linux-amd64.tar.gz")
    old, new = "k8s.gcr.io/pause:3.9", "registry.k8s.io/pause:3.10"
    add(tmp_path / "stuff/all.tar", image([old, new], [], {}, "amd64"))
    add(tmp_path / "stuff/more.tar", image(["example.org/busybox:1"], [], {}, "amd64"))
    found = find_images(tmp_path)
    assert found is not None
    assert (found.pause, found.busybox) == (new, "example.org/busybox:1")
    assert [path.name for path in found.archives] == ["all.tar", "more.tar"]


def test_no_images(tmp_path: Path):
    """One of the two is not enough: the test bed's own are taken then."""
    add(tmp_path / "images/pause.tar", image(["registry.k8s.io/pause:3.10"], [], {}, "amd64"))
    assert find_images(tmp_path) is None


def add(path: Path, content: bytes = b"x") -> None:
    """A file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
