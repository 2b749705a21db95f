"""Names and versions in the test bed's mirror: exactly upstream's, the host left out."""

from __future__ import annotations

import pytest

from tests.testbed import layout
from tests.testbed.apt import Repository, parse_targets
from tests.testbed.process import TestbedError
from tests.testbed.versions import upstream


@pytest.mark.parametrize(
    ("place", "path", "checksum"),
    [
        (
            layout.kubernetes("v1.20.2", "amd64", "kubelet"),
            "release/v1.20.2/bin/linux/amd64/kubelet",
            "release/v1.20.2/bin/linux/amd64/kubelet.sha256",
        ),
        (
            layout.etcd("3.4.23", "amd64"),
            "etcd-io/etcd/releases/download/v3.4.23/etcd-v3.4.23-linux-amd64.tar.gz",
            "etcd-io/etcd/releases/download/v3.4.23/SHA256SUMS",
        ),
        (
            layout.containerd("1.6.20", "amd64"),
            "containerd/containerd/releases/download/v1.6.20/containerd-1.6.20-linux-amd64.tar.gz",
            (
                "containerd/containerd/releases/download/v1.6.20/"
                "containerd-1.6.20-linux-amd64.tar.gz.sha256sum"
            ),
        ),
        (
            layout.runc("1.1.5", "arm64"),
            "opencontainers/runc/releases/download/v1.1.5/runc.arm64",
            "opencontainers/runc/releases/download/v1.1.5/runc.sha256sum",
        ),
        (
            layout.cni_plugins("1.1.1", "amd64"),
            (
                "containernetworking/plugins/releases/download/v1.1.1/"
                "cni-plugins-linux-amd64-v1.1.1.tgz"
            ),
            (
                "containernetworking/plugins/releases/download/v1.1.1/"
                "cni-plugins-linux-amd64-v1.1.1.tgz.sha256"
            ),
        ),
    ],
)
def test_places_are_upstreams(place: layout.Place, path: str, checksum: str):
    """A tool that knows upstream's addresses finds everything below another prefix."""
    assert (place.path, place.checksum) == (path, checksum)
    assert place.path.endswith("/" + place.name)


@pytest.mark.parametrize(
    ("debian", "expected"),
    [
        ("3.4.23-4+b4", "3.4.23"),
        ("1.6.20~ds1-1+deb12u3", "1.6.20"),
        ("1.1.5+ds1-1+deb12u1", "1.1.5"),
        ("1.20.5+really1.20.2-1.1+deb12u1", "1.20.2"),
        ("1:1.35.0-4+deb12u1+b1", "1.35.0"),
        ("2.10", "2.10"),
    ],
)
def test_upstream_version_is_read_from_debians(debian: str, expected: str):
    """Epoch, revision, repack suffix and `+really` fall away."""
    assert upstream(debian) == expected


@pytest.mark.parametrize("debian", ["", "git20230101-1", "1.2rc1-1"])
def test_a_version_that_is_no_release_is_refused(debian: str):
    """A path with a wrong version would only be noticed on a machine: it is refused here."""
    with pytest.raises(TestbedError, match="Debian version"):
        upstream(debian)


def test_only_debians_own_suites_are_used_and_each_once():
    """Other archives on the machine are not asked for sources, and no suite is listed twice."""
    row = "Debian|http://mirror.invalid/debian/|bookworm|main\n"
    other = "Other|http://other.invalid/|stable|main\n"
    (repository,) = parse_targets(row + other + row)
    assert repository == Repository("http://mirror.invalid/debian/", "bookworm", "main")
    assert repository.lines(None) == [
        "deb http://mirror.invalid/debian/ bookworm main",
        "deb-src http://mirror.invalid/debian/ bookworm main",
    ]
