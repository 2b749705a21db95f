"""Upstream's layout, checksum files and the lock file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.artifacts.catalogue import RELEASES, mirror_paths, release
from kprov.artifacts.checksums import find_digest
from kprov.artifacts.lock import LockFile, parse_lock
from kprov.model.errors import ArtifactError

GITHUB = "https://github.com"


@pytest.mark.parametrize(
    ("name", "version", "folder", "file", "checksum"),
    [
        ("kubelet", "v1.36.2", "https://dl.k8s.io/release/v1.36.2/bin/linux/amd64",
         "kubelet", "kubelet.sha256"),
        ("etcd", "v3.5.30", f"{GITHUB}/etcd-io/etcd/releases/download/v3.5.30",
         "etcd-v3.5.30-linux-amd64.tar.gz", "SHA256SUMS"),
        ("containerd", "2.1.9", f"{GITHUB}/containerd/containerd/releases/download/v2.1.9",
         "containerd-2.1.9-linux-amd64.tar.gz", "containerd-2.1.9-linux-amd64.tar.gz.sha256sum"),
        ("runc", "v1.3.6", f"{GITHUB}/opencontainers/runc/releases/download/v1.3.6",
         "runc.amd64", "runc.sha256sum"),
        ("cni-plugins", "v1.9.1",
         f"{GITHUB}/containernetworking/plugins/releases/download/v1.9.1",
         "cni-plugins-linux-amd64-v1.9.1.tgz", "cni-plugins-linux-amd64-v1.9.1.tgz.sha256"),
        ("crictl", "v1.36.0", f"{GITHUB}/kubernetes-sigs/cri-tools/releases/download/v1.36.0",
         "crictl-v1.36.0-linux-amd64.tar.gz", "crictl-v1.36.0-linux-amd64.tar.gz.sha256"),
    ],
)  # fmt: skip
def test_addresses_are_upstreams(
    name: str, version: str, folder: str, file: str, checksum: str
) -> None:
    """The addresses of real releases, and of their checksums."""
    assert release(name).url_of(version, "amd64") == f"{folder}/{file}"
    assert release(name).checksum_url_of(version, "amd64") == f"{folder}/{checksum}"
    assert "arm64" in release(name).url_of(version, "arm64")


@pytest.mark.parametrize(
    ("name", "version", "member", "path"),
    [
        ("etcd", "v3.5.30", "etcdctl", "etcd-v3.5.30-linux-amd64/etcdctl"),
        ("etcd", "v3.5.30", "etcd-v3.5.30-linux-amd64/etcd", "etcd-v3.5.30-linux-amd64/etcd"),
        ("containerd", "2.1.9", "ctr", "bin/ctr"),
        ("containerd", "2.1.9", "bin/ctr", "bin/ctr"),
        ("cni-plugins", "v1.9.1", "bridge", "bridge"),
        ("etcd", "v3.5.30", None, None),
    ],
)
def test_members_may_be_named_without_their_folder(
    name: str, version: str, member: str | None, path: str | None
) -> None:
    """Roles need not know how a release names its folders."""
    assert release(name).member_of(version, "amd64", member) == path


def test_a_program_has_no_members() -> None:
    """A role that asks for one is told."""
    with pytest.raises(ArtifactError, match="is no archive"):
        release("kubelet").member_of("v1.36.2", "amd64", "x")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """Roles name artefacts: a typing error is the author's to find."""
    with pytest.raises(ArtifactError, match="did you mean containerd"):
        release("contanerd")


def test_mirrors_have_two_forms() -> None:
    """With upstream's host name and without."""
    assert mirror_paths(RELEASES["runc"].url_of("v1.3.6", "amd64")) == (
        "opencontainers/runc/releases/download/v1.3.6/runc.amd64",
        "github.com/opencontainers/runc/releases/download/v1.3.6/runc.amd64",
    )


A, B = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    "text",
    [
        A,
        f"{A}\n",
        f"{A.upper()}  file\n",
        f"{B}  other\n{A}  file\n",
        f"{A} *file\r\n",
        f"{A}  ./file",
        f"{A}  release/file\n",
        f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{B}  file.sig\n{A}  file\n-----",
    ],
)
def test_checksums_are_found_in_every_form_that_upstream_uses(text: str) -> None:
    """A bare digest, sha256sum's lines, in binary mode, with a path, signed."""
    assert find_digest(text, "file") == A


@pytest.mark.parametrize(
    "text", ["", "404 page not found", f"{A}  file.asc", f"{A}{A}", f"{A}  x", f"{A[:-1]}  file"]
)
def test_nothing_is_taken_for_a_checksum_that_is_none(text: str) -> None:
    """Other files' lines and error pages are no answer."""
    assert find_digest(text, "file") is None


digests = st.text("0123456789abcdef", min_size=64, max_size=64)
urls = st.from_regex(r"https://[a-z.]{1,20}/[A-Za-z0-9._/-]{1,40}", fullmatch=True)


@given(st.dictionaries(urls, digests, max_size=8))
def test_the_lock_file_survives_a_round_trip_in_any_order(entries: dict[str, str]) -> None:
    """The text depends on the entries alone; reading it gives them back."""
    text = LockFile(entries).dump()
    assert dict(parse_lock(text, where="kprov.lock").entries) == entries
    again = LockFile()
    for url in sorted(entries, reverse=True):
        again = again.pin(url, entries[url])
    assert again.dump() == text


def test_pinning_leaves_the_old_value_alone() -> None:
    """Lock files are values: a failed run has changed nothing."""
    first = LockFile()
    assert first.pin("https://x/y", A).get("https://x/y") == A
    assert first.get("https://x/y") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`version: 1` is missing"),
        ("version: 2\nartifacts: {}\n", "`version: 1` is missing"),
        ("version: 1\n", "`artifacts` is not a map"),
        (f"version: 1\nartifacts:\n  https://x/y: {A[:-1]}\n", "is not a sha256"),
        (f"version: 1\nartifacts:\n<<<<<<< HEAD\n  https://x/y: {A}\n", "it is not YAML"),
    ],
)
def test_a_damaged_lock_file_is_refused(text: str, message: str) -> None:
    """A merge conflict or a cut digest must not turn into `nothing is pinned`."""
    with pytest.raises(ArtifactError, match=f"dir/kprov.lock: .*{message}"):
        parse_lock(text, where="dir/kprov.lock")
