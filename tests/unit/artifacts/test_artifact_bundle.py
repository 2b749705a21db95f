"""Bundles: the same bytes each time, and nothing in them that is not as the index says."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.artifacts.bundle import (
    INDEX,
    BundleFile,
    BundleIndex,
    read_bundle,
    read_index,
    sorted_files,
    write_bundle,
)
from kprov.artifacts.bundle_source import open_bundle
from kprov.artifacts.cache import Cache, digest_of
from kprov.artifacts.http import HttpClient
from kprov.engine.bundle_server import bundle_server
from kprov.model.errors import ArtifactError, InputError

BINARIES = "https://dl.k8s.io/release/v1.36.2/bin/linux/amd64"
FILES = {
    "dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet": b"kubelet" * 1000,
    "dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet.sha256": b"checksum",
    "kprov.lock": b"lock",
}


def described(files: Mapping[str, bytes]) -> BundleIndex:
    """An index; what has no suffix came from upstream."""
    entries = [
        BundleFile(
            path, hashlib.sha256(data).hexdigest(), len(data),
            "" if path.endswith((".sha256", ".lock")) else f"https://{path}",
        )
        for path, data in files.items()
    ]  # fmt: skip
    return BundleIndex("v1.36.2", ("amd64",), sorted_files(entries))


def bundle(path: Path, files: Mapping[str, bytes] = FILES) -> Path:
    write_bundle(path, described(files), lambda file: io.BytesIO(files[file.path]))
    return path


def verify(path: Path) -> BundleIndex:
    return read_bundle(path, lambda _, stream: digest_of(stream))


def repacked(path: Path, files: Mapping[str, bytes]) -> None:
    """The tar written again, its index left as it was."""
    with tarfile.open(path) as archive:
        index = archive.extractfile(INDEX)
        assert index is not None
        text = index.read()
    with tarfile.open(path, "w") as archive:
        for name, data in {INDEX: text, **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def cache_in(folder: Path) -> Cache:
    """A cache that cannot reach anything."""
    return Cache(folder, HttpClient(lambda _: None, attempts=1))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,9}(/[a-z.]{1,150})?", fullmatch=True), st.binary()))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, files: dict) -> None:
    """Any names and contents, the same bytes each time."""
    folder = tmp_path_factory.mktemp("bundle")
    one = bundle(folder / "one.tar", files)
    two = bundle(folder / "two.tar", dict(reversed(files.items())))
    assert one.read_bytes() == two.read_bytes()
    assert verify(one) == read_index(one) == described(files)


@given(st.data())
def test_any_altered_byte_is_found(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever it is: in a file, a name, the index. (Padding and times of a tar mean nothing.)"""
    folder = tmp_path_factory.mktemp("bundle")
    original = bundle(folder / "demo.tar").read_bytes()
    at = data.draw(st.integers(0, len(original) - 1))
    changed = bytearray(original)
    changed[at] ^= data.draw(st.integers(1, 255))
    (folder / "demo.tar").write_bytes(changed)
    with contextlib.suppress(InputError):
        index = verify(folder / "demo.tar")
        found = {}
        with tarfile.open(folder / "demo.tar") as archive:
            for member in archive.getmembers()[1:]:
                stream = archive.extractfile(member)
                found[member.name] = stream.read() if stream else b""
        assert found == FILES
        assert {file.path for file in index.files} == set(FILES)


@given(st.integers(0, 8000))
def test_half_a_bundle(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    """Cut off anywhere before its last byte of content, it is refused."""
    folder = tmp_path_factory.mktemp("bundle")
    path = bundle(folder / "demo.tar")
    os.truncate(path, size)
    with pytest.raises(InputError):
        verify(path)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({**FILES, "kprov.lock": b"lock2"}, "altered: kprov.lock"),
        ({n: d for n, d in FILES.items() if n != "kprov.lock"}, "incomplete: kprov.lock"),
        ({n: d for n, d in FILES.items() if not n.endswith("kubelet")}, "amd64/kubelet is missing"),
        ({**FILES, "more": b""}, "has more, which its index does not know"),
    ],
)
def test_errors_name_the_file(tmp_path: Path, files: dict[str, bytes], words: str) -> None:
    """Altered, missing at the end, missing in between, too many."""
    path = bundle(tmp_path / "demo.tar")
    repacked(path, files)
    with pytest.raises(InputError, match=words):
        verify(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such bundle"),
        (b"", "no bundle"),
        (b"cluster: {}\n" * 100, "no bundle"),
    ],
)
def test_something_else(tmp_path: Path, content: bytes | None, words: str) -> None:
    """No file, an empty one, an inventory."""
    path = tmp_path / "demo.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_index(path)


def test_a_bundle_of_another_format(tmp_path: Path) -> None:
    """Is refused by name."""
    path = bundle(tmp_path / "demo.tar")
    path.write_bytes(path.read_bytes().replace(b"kprov-bundle/1", b"kprov-bundle/9"))
    with pytest.raises(InputError, match="kprov-bundle/9"):
        read_index(path)


def test_a_file_that_changes_meanwhile(tmp_path: Path) -> None:
    """Nothing is left of the bundle; an older one stays."""
    path = bundle(tmp_path / "demo.tar")
    before = path.read_bytes()
    with pytest.raises(ArtifactError, match="has changed while"):
        write_bundle(path, described(FILES), lambda file: io.BytesIO(b"x" * file.size))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_opened_into_the_cache(tmp_path: Path) -> None:
    """Artefacts are in the cache by their digest; the source answers from the index alone."""
    cache = cache_in(tmp_path / "cache")
    source = open_bundle(bundle(tmp_path / "demo.tar"), cache)
    (file,) = (file for file in source.index.files if file.origin)
    assert cache.path(file.sha256).read_bytes() == FILES[file.path]
    assert source.published(f"{BINARIES}/kubelet.sha256", "kubelet", ask=True) == file.sha256
    assert source.offered("amd64")["kubernetes"] == ("v1.36.2",)
    assert source.offered("arm64")["kubernetes"] == ()
    with pytest.raises(InputError, match=r"no dl.k8s.io/.*/kubectl"):
        source.published(f"{BINARIES}/kubectl.sha256", "kubectl", ask=True)


def test_verified_again_only_after_a_write(tmp_path: Path) -> None:
    """A changed bundle is refused although everything of it is in the cache."""
    cache, path = cache_in(tmp_path / "cache"), bundle(tmp_path / "demo.tar")
    open_bundle(path, cache)
    content = path.read_bytes()
    with path.open("r+b") as stream:
        stream.write(content.replace(b"kubeletkubelet", b"kubeletKubelet", 1))
    with pytest.raises(InputError, match="altered"):
        open_bundle(path, cache)


def test_what_is_altered_does_not_get_into_the_cache(tmp_path: Path) -> None:
    """Not even for a moment."""
    path = bundle(tmp_path / "demo.tar")
    repacked(path, {name: data[::-1] for name, data in FILES.items()})
    cache = cache_in(tmp_path / "cache")
    with pytest.raises(InputError, match="altered"):
        open_bundle(path, cache)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    with bundle_server(bundle(tmp_path / "demo.tar"), ("127.0.0.1", 0), lambda _: None) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def get(url: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b""


def test_served_like_upstream(served: str) -> None:
    """With upstream's host name and without; from a byte on; nothing else."""
    content = FILES["dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet"]
    url = f"{served}/release/v1.36.2/bin/linux/amd64/kubelet"
    assert get(url) == (200, content)
    assert get(url.replace("/release", "/dl.k8s.io/release")) == (200, content)
    assert get(url, Range="bytes=6990-") == (206, content[6990:])
    assert get(url, Range="bytes=0-6") == (206, b"kubelet")
    assert get(url, Range="bytes=7000-")[0] == 416
    assert get(f"{served}/../etc/passwd")[0] == 404
    assert get(f"{served}/")[0] == 404
    assert json.loads(get(f"{served}/{INDEX}")[1])["kubernetes"] == "v1.36.2"
