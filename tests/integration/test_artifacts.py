"""Artefacts from real servers on loopback and real folders, with everything that can go wrong."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import ssl
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kprov.artifacts.cache import Cache, cache_root
from kprov.artifacts.catalogue import Artifact, release
from kprov.artifacts.http import HttpClient
from kprov.artifacts.images import image_artifact
from kprov.artifacts.lock import LockFile
from kprov.artifacts.members import MemberDigest, compressed_member, member_digest
from kprov.artifacts.resolve import Resolution, Want, resolve
from kprov.artifacts.source import Source, open_source
from kprov.artifacts.versions import Versions, component_versions
from kprov.model.cluster import ClusterSpec, ImageSpec, VersionSpec
from kprov.model.errors import ArtifactError, InputError
from kprov.pki.request import CertificateRequest
from kprov.pki.store import Pki
from kprov.state.folder import PrivateFolder

VERSIONS = Versions(
    kubernetes="v1.36.2", etcd="v3.5.30", containerd="2.1.9", runc="v1.3.6",
    cni_plugins="v1.9.1", crictl="v1.36.0", coredns="v1.14.2",
)  # fmt: skip
ALL = (
    Want("kubelet"),
    Want("etcd", "etcd"),
    Want("etcd", "etcdctl"),
    Want("containerd", "ctr"),
    Want("runc"),
    Want("cni-plugins", "bridge"),
)
KUBELET = b"kubelet " * 100_000  # 800 kB: several reads


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def upstream_path(name: str) -> str:
    url = release(name).url_of(VERSIONS.of(release(name).component), "amd64")
    return url.split("/", 3)[3]


def tree() -> dict[str, bytes]:
    """A mirror: paths in upstream's layout, without upstream's host names."""
    files = {
        "kubelet": KUBELET,
        "runc": b"runc",
        "etcd": archive(**{
            "etcd-v3.5.30-linux-amd64/README.md": b"read",
            "etcd-v3.5.30-linux-amd64/etcd": b"etcd" * 1000,
            "etcd-v3.5.30-linux-amd64/etcdctl": b"ctl",
        }),
        "containerd": archive(**{"bin/containerd": b"cd", "bin/ctr": b"ctr"}),
        "cni-plugins": archive(**{"./bridge": b"br", "./host-local": b"hl"}),
    }  # fmt: skip
    found = {upstream_path(name): data for name, data in files.items()}
    for name, data in files.items():
        url = release(name).checksum_url_of(VERSIONS.of(release(name).component), "amd64")
        bare = name == "kubelet"
        file = upstream_path(name).rpartition("/")[2]
        line = sha256(data) if bare else f"{sha256(data)}  {file}\n"
        found[url.split("/", 3)[3]] = line.encode()
    return found


class FakeUpstream:
    """A strict file server on loopback; faults are queued for a path and used up one by one."""

    def __init__(self) -> None:
        self.files = {f"/{path}": data for path, data in tree().items()}
        self.faults: dict[str, list[Callable[[BaseHTTPRequestHandler, bytes], None]]] = {}
        self.requests: list[tuple[str, str | None]] = []
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                upstream.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        serving = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        serving.start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.requests.append((request.path, wanted))
        data = self.files.get(request.path)
        if data is None:
            request.send_error(404)
            return
        queue = self.faults.get(request.path)
        (queue.pop(0) if queue else serve)(request, data)

    def asked(self, ending: str) -> list[str | None]:
        """The Range headers of all requests for a path."""
        return [wanted for path, wanted in self.requests if path.endswith(ending)]


def serve(request: BaseHTTPRequestHandler, data: bytes) -> None:
    """As servers should: Range honoured."""
    wanted = request.headers.get("Range")
    start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    if start and start >= len(data):
        request.send_error(416)
        return
    request.send_response(206 if wanted else 200)
    request.send_header("Content-Length", str(len(data) - start))
    if wanted:
        request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    request.end_headers()
    request.wfile.write(data[start:])


def without_range(request: BaseHTTPRequestHandler, data: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)


def status(code: int) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    return lambda request, _data: request.send_error(code)


def cut_after(count: int) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    """Promises everything that was asked for, sends `count` bytes of it, hangs up."""

    def answer(request: BaseHTTPRequestHandler, data: bytes) -> None:
        wanted = request.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        request.send_response(206 if wanted else 200)
        request.send_header("Content-Length", str(len(data) - start))
        if wanted:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.end_headers()
        request.wfile.write(data[start : start + count])
        request.close_connection = True

    return answer


def other_content(request: BaseHTTPRequestHandler, data: bytes) -> None:
    without_range(request, b"x" * len(data))


def redirect(target: str) -> Callable[[BaseHTTPRequestHandler, bytes], None]:
    def answer(request: BaseHTTPRequestHandler, _data: bytes) -> None:
        request.send_response(302)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    found = FakeUpstream()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def cache(tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> Cache:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return Cache(tmp_path / "cache", HttpClient(pause=pauses.append, timeout=5))


def source(cache: Cache, mirror: str) -> Source:
    return open_source(mirror, cache.http, cache.memory)


def resolved(cache: Cache, mirror: str, *wanted: Want, lock: LockFile | None = None) -> Resolution:
    return resolve(
        wanted,
        versions=VERSIONS,
        arch="amd64",
        lock=lock or LockFile(),
        source=source(cache, mirror),
        cached_size=cache.size,
    )


def kubelet(cache: Cache, mirror: str) -> Artifact:
    (artifact,) = resolved(cache, mirror, Want("kubelet")).artifacts
    return artifact


def folder(root: Path, *, host_names: bool = False) -> Path:
    for path, data in tree().items():
        host = "dl.k8s.io" if path.startswith("release/") else "github.com"
        place = root / host / path if host_names else root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return root


def partials(cache: Cache) -> list[str]:
    return sorted(path.name for path in (cache.root / "artifacts" / "partial").iterdir())


# --- the way it should go ---------------------------------------------------------------------


def test_everything_is_found_pinned_fetched_and_taken_apart(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """Six programs of five components: addresses, digests, bytes on the controller."""
    found = resolved(cache, upstream.url, *ALL)
    assert [a.name for a in found.artifacts] == [want.name for want in ALL]
    assert len(found.lock.entries) == 5
    assert all(url.startswith(("https://dl.k8s.io/", "https://github.com/"))
               for url in found.lock.entries)  # fmt: skip
    expected = (KUBELET, b"etcd" * 1000, b"ctl", b"ctr", b"runc", b"br")
    for artifact, data in zip(found.artifacts, expected, strict=True):
        assert artifact.url.startswith(upstream.url)
        path = cache.fetch(artifact)
        assert sha256(path.read_bytes()) == path.name == artifact.sha256
        assert member_digest(cache, artifact) == MemberDigest(sha256(data), len(data))
        assert gzip.decompress(compressed_member(cache, artifact).read_bytes()) == data
    assert partials(cache) == []


def test_a_second_run_asks_nobody(upstream: FakeUpstream, cache: Cache) -> None:
    """With the lock file and the cache there is no network at all, not even for checksums."""
    first = resolved(cache, upstream.url, *ALL)
    for artifact in first.artifacts:
        compressed_member(cache, artifact)
    upstream.requests.clear()
    second = resolved(cache, upstream.url, *ALL, lock=first.lock)
    for artifact in second.artifacts:
        cache.fetch(artifact)
        compressed_member(cache, artifact)
        member_digest(cache, artifact)
    assert upstream.requests == []
    assert second.lock.dump() == first.lock.dump()
    assert [replace(a, size=None) for a in second.artifacts] == list(first.artifacts)
    assert second.artifacts[0].size == len(KUBELET)


def test_a_lock_file_alone_asks_for_no_checksum(upstream: FakeUpstream, cache: Cache) -> None:
    """Hosts that pull need no cache on the controller: one request finds the mirror's form."""
    lock = resolved(cache, upstream.url, *ALL).lock
    upstream.requests.clear()
    resolved(cache, upstream.url, *ALL, lock=lock)
    assert upstream.requests == []
    fresh = Cache(cache.root.parent / "fresh", cache.http)
    resolved(fresh, upstream.url, *ALL, lock=lock)
    assert {path.rpartition("/")[2] for path, _ in upstream.requests} == {
        "kubelet", "etcd-v3.5.30-linux-amd64.tar.gz",
    }  # fmt: skip


@pytest.mark.parametrize("host_names", [False, True])
def test_both_forms_of_a_mirror_folder_work(
    tmp_path: Path, cache: Cache, *, host_names: bool
) -> None:
    """With upstream's host names in the paths, and without."""
    root = folder(tmp_path / "mirror with blank", host_names=host_names)
    found = resolved(cache, root.as_uri(), *ALL)
    assert cache.fetch(found.artifacts[0]).read_bytes() == KUBELET
    assert found.lock == resolved(cache, folder(tmp_path / "other").as_uri(), *ALL).lock


def test_both_forms_of_a_mirror_server_work_and_are_remembered(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """The form with host names costs one 404 for each of upstream's hosts, once."""
    upstream.files = {
        ("/dl.k8s.io" if path.startswith("/release") else "/github.com") + path: data
        for path, data in upstream.files.items()
    }
    found = resolved(cache, f"{upstream.url}/", *ALL)
    assert found.artifacts[0].url == f"{upstream.url}/dl.k8s.io/{upstream_path('kubelet')}"
    misses = [path for path, _ in upstream.requests if path not in upstream.files]
    assert len(misses) == 2
    assert cache.fetch(found.artifacts[0]).read_bytes() == KUBELET


def test_upstream_itself_is_asked_without_a_mirror(cache: Cache) -> None:
    """The address is upstream's own."""
    upstream_url = release("kubelet").url_of("v1.36.2", "amd64")
    found = open_source(None, cache.http, cache.memory)
    assert found.locate(upstream_url, ask=True) == upstream_url


def test_redirects_are_followed(upstream: FakeUpstream, cache: Cache) -> None:
    """Release hosts send downloads elsewhere."""
    artifact = kubelet(cache, upstream.url)
    upstream.files["/elsewhere"] = KUBELET
    upstream.faults[f"/{upstream_path('kubelet')}"] = [redirect("/elsewhere")]
    assert cache.fetch(artifact).read_bytes() == KUBELET


def test_progress_is_told(upstream: FakeUpstream, cache: Cache) -> None:
    """Rising numbers up to the whole."""
    seen: list[tuple[int, int | None]] = []
    cache.fetch(
        kubelet(cache, upstream.url), lambda _artifact, done, total: seen.append((done, total))
    )
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert seen[-1] == (len(KUBELET), len(KUBELET))


def test_an_optional_artefact_may_be_missing(upstream: FakeUpstream, cache: Cache) -> None:
    """crictl is good to have; a mirror without it serves."""
    found = resolved(cache, upstream.url, Want("crictl", "crictl", optional=True), Want("runc"))
    assert [artifact.name for artifact in found.artifacts] == ["runc"]


def test_two_at_once_download_once(upstream: FakeUpstream, cache: Cache) -> None:
    """Threads, or two runs on one controller: the second finds what the first has brought."""
    artifact = kubelet(cache, upstream.url)
    results: list[Path] = []
    threads = [threading.Thread(target=lambda: results.append(cache.fetch(artifact)))
               for _ in range(8)]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 8
    assert len(upstream.asked("/kubelet")) == 1


def test_a_mirror_folder_says_what_it_has(tmp_path: Path) -> None:
    """Versions by component, for this architecture; others are not offered."""
    root = folder(tmp_path / "mirror")
    (root / "etcd-io/etcd/releases/download/v3.6.0").mkdir()
    other = root / "release/v1.35.0/bin/linux/arm64/kubelet"
    other.parent.mkdir(parents=True)
    other.touch()
    cache = Cache(tmp_path / "cache", HttpClient(pause=lambda _: None))
    offered = source(cache, root.as_uri()).offered("amd64")
    assert offered == {
        "kubernetes": ("v1.36.2",), "etcd": ("v3.5.30",), "containerd": ("v2.1.9",),
        "runc": ("v1.3.6",), "cni-plugins": ("v1.9.1",), "crictl": (),
    }  # fmt: skip
    assert component_versions(ClusterSpec(kubernetes="v1.36.2"), offered).etcd == "v3.5.30"


def test_the_cache_is_where_it_is_asked_to_be(tmp_path: Path) -> None:
    """KPROV_CACHE, otherwise the system's folder for caches."""
    assert cache_root(str(tmp_path)) == tmp_path
    assert cache_root(None).name == "kprov"


# --- checksums ----------------------------------------------------------------------------------


def test_what_is_pinned_must_be_what_is_published(upstream: FakeUpstream, cache: Cache) -> None:
    """Both digests are named, nothing is fetched."""
    lock = resolved(cache, upstream.url, Want("kubelet")).lock
    (url,) = lock.entries
    upstream.requests.clear()
    with pytest.raises(ArtifactError) as caught:
        resolved(cache, upstream.url, Want("kubelet"), lock=lock.pin(url, "0" * 64))
    assert f"pinned:    sha256 {'0' * 64}" in str(caught.value)
    assert f"published: sha256 {sha256(KUBELET)}" in str(caught.value)
    assert upstream.asked("/kubelet") == []


def test_a_pin_that_the_file_does_not_match_is_refused(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """Also where nobody has asked for the published checksum: the bytes decide."""
    url = release("kubelet").url_of("v1.36.2", "amd64")
    found = resolved(cache, upstream.url, Want("kubelet"), lock=LockFile().pin(url, "0" * 64))
    with pytest.raises(ArtifactError) as caught:
        cache.fetch(found.artifacts[0])
    assert f"expected: sha256 {'0' * 64}" in str(caught.value)
    assert f"found:    sha256 {sha256(KUBELET)}" in str(caught.value)


def test_a_download_with_the_wrong_content_is_removed(upstream: FakeUpstream, cache: Cache) -> None:
    """Both digests are named; the next try starts from nothing."""
    artifact = kubelet(cache, upstream.url)
    upstream.faults[f"/{upstream_path('kubelet')}"] = [other_content]
    with pytest.raises(ArtifactError, match="not what its checksum says") as caught:
        cache.fetch(artifact)
    assert sha256(KUBELET) in str(caught.value)
    assert sha256(b"x" * len(KUBELET)) in str(caught.value)
    assert cache.size(artifact.sha256) is None
    assert cache.fetch(artifact).read_bytes() == KUBELET
    assert upstream.asked("/kubelet") == [None, None]


def test_a_server_without_checksums_is_refused(upstream: FakeUpstream, cache: Cache) -> None:
    """What a server sends does not vouch for itself."""
    del upstream.files[f"/{upstream_path('kubelet')}.sha256"]
    with pytest.raises(ArtifactError, match="kubelet has no published checksum"):
        kubelet(cache, upstream.url)


def test_a_folder_without_checksums_is_pinned_as_it_is_found(tmp_path: Path, cache: Cache) -> None:
    """Computed on first use; a file changed later is refused."""
    root = folder(tmp_path / "mirror")
    (root / f"{upstream_path('kubelet')}.sha256").unlink()
    first = resolved(cache, root.as_uri(), Want("kubelet"))
    assert first.artifacts[0].sha256 == sha256(KUBELET)
    (root / upstream_path("kubelet")).write_bytes(b"changed")
    second = resolved(cache, root.as_uri(), Want("kubelet"), lock=first.lock)
    with pytest.raises(ArtifactError, match=sha256(b"changed")):
        cache.fetch(second.artifacts[0])


def test_a_mirror_file_changed_in_place_does_not_reach_the_cache(
    tmp_path: Path, cache: Cache
) -> None:
    """The cache has copies of its own."""
    root = folder(tmp_path / "mirror")
    path = cache.fetch(kubelet(cache, root.as_uri()))
    with (root / upstream_path("kubelet")).open("r+b") as stream:
        stream.write(b"changed")
    assert path.read_bytes() == KUBELET


# --- servers that fail --------------------------------------------------------------------------


def test_a_truncated_download_is_continued(upstream: FakeUpstream, cache: Cache) -> None:
    """Only the missing part is asked for again, across several cuts."""
    artifact = kubelet(cache, upstream.url)
    upstream.faults[f"/{upstream_path('kubelet')}"] = [cut_after(300_000), cut_after(200_000)]
    assert cache.fetch(artifact).read_bytes() == KUBELET
    assert upstream.asked("/kubelet") == [None, "bytes=300000-", "bytes=500000-"]


def test_a_download_that_never_gets_further_is_given_up_and_continued_by_the_next_run(
    upstream: FakeUpstream, cache: Cache, pauses: list[float]
) -> None:
    """Four attempts without a new byte; what has arrived is kept."""
    artifact = kubelet(cache, upstream.url)
    upstream.faults[f"/{upstream_path('kubelet')}"] = [cut_after(300_000), *[cut_after(0)] * 3]
    with pytest.raises(ArtifactError, match="cut after 300000 of 800000 bytes"):
        cache.fetch(artifact)
    assert pauses == [0.5, 1.0, 2.0]
    upstream.requests.clear()
    assert cache.fetch(artifact).read_bytes() == KUBELET
    assert upstream.asked("/kubelet") == ["bytes=300000-"]


def test_slow_progress_is_no_reason_to_give_up(upstream: FakeUpstream, cache: Cache) -> None:
    """Twenty cuts, each after a little more: it arrives."""
    artifact = kubelet(cache, upstream.url)
    upstream.faults[f"/{upstream_path('kubelet')}"] = [cut_after(30_000)] * 20
    assert cache.fetch(artifact).read_bytes() == KUBELET


def test_a_server_without_ranges_sends_it_all_again(upstream: FakeUpstream, cache: Cache) -> None:
    """The beginning is not doubled."""
    artifact = kubelet(cache, upstream.url)
    upstream.faults[f"/{upstream_path('kubelet')}"] = [cut_after(300_000), without_range]
    assert cache.fetch(artifact).read_bytes() == KUBELET


@pytest.mark.parametrize("length", [300_000, len(KUBELET), len(KUBELET) + 5])
def test_a_beginning_that_belongs_to_another_file_is_dropped(
    upstream: FakeUpstream, cache: Cache, length: int
) -> None:
    """Continued, found wrong, fetched anew; also where it is as long as the file, or longer."""
    artifact = kubelet(cache, upstream.url)
    partial = cache.root / "artifacts" / "partial" / artifact.sha256
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"y" * length)
    assert cache.fetch(artifact).read_bytes() == KUBELET


@pytest.mark.parametrize("code", [500, 502, 503, 429])
def test_passing_server_errors_are_tried_again(
    upstream: FakeUpstream, cache: Cache, pauses: list[float], code: int
) -> None:
    """Checksum file and download alike, with growing pauses."""
    upstream.faults[f"/{upstream_path('kubelet')}.sha256"] = [status(code)]
    upstream.faults[f"/{upstream_path('kubelet')}"] = [status(code), status(code)]
    assert cache.fetch(kubelet(cache, upstream.url)).read_bytes() == KUBELET
    assert pauses == [0.5, 0.5, 1.0]


def test_a_cut_checksum_file_is_read_again(upstream: FakeUpstream, cache: Cache) -> None:
    """Half a digest is none."""
    upstream.faults[f"/{upstream_path('kubelet')}.sha256"] = [cut_after(20)]
    assert kubelet(cache, upstream.url).sha256 == sha256(KUBELET)


def test_lasting_server_errors_end_in_an_error_that_names_them(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """Status, number of attempts, address."""
    path = f"/{upstream_path('kubelet')}"
    upstream.faults[f"{path}.sha256"] = [status(503)] * 4
    with pytest.raises(ArtifactError, match=r"503 Service Unavailable \(4 attempts\)") as caught:
        kubelet(cache, upstream.url)
    assert f"{upstream.url}{path}.sha256" in str(caught.value)


def test_a_refusal_is_not_tried_again(
    upstream: FakeUpstream, cache: Cache, pauses: list[float]
) -> None:
    """403 will be 403 next time."""
    upstream.faults[f"/{upstream_path('kubelet')}.sha256"] = [status(403)]
    with pytest.raises(ArtifactError, match="the server refuses: 403"):
        kubelet(cache, upstream.url)
    assert pauses == []


def test_an_unreachable_mirror_is_an_error_that_names_it(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """Nobody listens there any more."""
    upstream.server.shutdown()
    upstream.server.server_close()
    host = upstream.url.removeprefix("http://")
    with pytest.raises(ArtifactError, match=f"{host} cannot be reached.*refused"):
        kubelet(cache, upstream.url)
    assert not cache.http.reachable(upstream.url, 1)


def test_reachable_means_that_somebody_answers(upstream: FakeUpstream, cache: Cache) -> None:
    """Whatever the answer is."""
    assert cache.http.reachable(f"{upstream.url}/nothing", 1)


def test_a_release_that_does_not_exist_says_what_to_check(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """Address, version, the setting that chose it, and the two forms of a mirror."""
    with pytest.raises(ArtifactError) as caught:
        resolved(cache, upstream.url, Want("crictl", "crictl"))
    text = str(caught.value)
    assert "crictl v1.36.0 is not there (404)" in text
    assert "cluster.versions.crictl chooses the version" in text
    assert f"{upstream.url}/github.com/kubernetes-sigs/cri-tools/" in text


def test_a_folder_without_a_release_says_what_it_has(tmp_path: Path, cache: Cache) -> None:
    """A person sees which version to name."""
    root = folder(tmp_path / "mirror")
    asked = replace(VERSIONS, kubernetes="v1.36.9")
    with pytest.raises(ArtifactError, match=r"this mirror has v1\.36\.2"):
        resolve(
            [Want("kubelet")], versions=asked, arch="amd64", lock=LockFile(),
            source=source(cache, root.as_uri()), cached_size=cache.size,
        )  # fmt: skip


def test_a_file_that_goes_away_between_resolving_and_fetching(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """404 at the download is told like any other."""
    artifact = kubelet(cache, upstream.url)
    del upstream.files[f"/{upstream_path('kubelet')}"]
    with pytest.raises(ArtifactError, match=r"kubelet v1\.36\.2 is not there \(404\)"):
        cache.fetch(artifact)


@pytest.mark.parametrize(
    "mirror",
    ["ftp://mirror/x", "mirror.example.com/x", "file:///no/such/folder", "https://u:secret@m/x"],
)
def test_an_address_that_is_no_mirror_is_an_input_error(cache: Cache, mirror: str) -> None:
    """Also one with a password, which is not repeated."""
    with pytest.raises(InputError, match=r"cluster\.artifacts\.mirror") as caught:
        source(cache, mirror)
    assert "secret" not in str(caught.value)


def test_a_cache_that_cannot_be_written_is_reported(upstream: FakeUpstream, tmp_path: Path) -> None:
    """A file where the folder belongs; the setting that moves the cache is named."""
    (tmp_path / "cache").write_text("")
    cache = Cache(tmp_path / "cache", HttpClient(pause=lambda _: None))
    with pytest.raises(ArtifactError, match="KPROV_CACHE"):
        kubelet(cache, upstream.url)


def test_lost_memory_costs_requests_only(upstream: FakeUpstream, cache: Cache) -> None:
    """A damaged memory file is as good as none."""
    first = resolved(cache, upstream.url, *ALL)
    cache.memory.path.write_text("{")
    assert resolved(cache, upstream.url, *ALL, lock=first.lock) == first
    assert "form" in "".join(json.loads(cache.memory.path.read_text()))


def test_a_server_that_falls_silent_is_left_after_the_time_out(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """What has arrived is kept, the rest comes with the next attempt."""
    silent = threading.Event()

    def stall(request: BaseHTTPRequestHandler, data: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[:300_000])
        request.wfile.flush()
        silent.wait(30)

    artifact = kubelet(cache, upstream.url)
    upstream.faults[f"/{upstream_path('kubelet')}"] = [stall]
    quick = replace(cache, http=replace(cache.http, timeout=0.3))
    try:
        assert quick.fetch(artifact).read_bytes() == KUBELET
    finally:
        silent.set()
    first, second = upstream.asked("/kubelet")
    assert first is None
    assert second is not None


# --- TLS ----------------------------------------------------------------------------------------


@pytest.fixture
def own_authority(tmp_path: Path, upstream: FakeUpstream) -> Path:
    """Puts the server behind a certificate of an authority that no system trusts."""
    files = PrivateFolder(tmp_path / "pki")
    pki = Pki.open(files, ClusterSpec(), now=datetime.now(UTC))
    request = CertificateRequest(
        "mirror", "kubernetes", "mirror", timedelta(days=1), (), ("127.0.0.1",), "server", "m"
    )
    pki.leaf(request)
    pki.save()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = files.root / "leaves" / "m" / "mirror"
    context.load_cert_chain(f"{leaf}.crt", f"{leaf}.key")
    upstream.server.socket = context.wrap_socket(upstream.server.socket, server_side=True)
    upstream.url = upstream.url.replace("http://", "https://")
    return files.root / "kubernetes-ca.crt"


def test_a_server_that_nobody_vouches_for_is_refused(
    upstream: FakeUpstream, own_authority: Path, cache: Cache, pauses: list[float]
) -> None:
    """At once; the error names the variables that would make it trusted."""
    with pytest.raises(ArtifactError, match="certificate is not trusted") as caught:
        kubelet(cache, upstream.url)
    assert "REQUESTS_CA_BUNDLE" in str(caught.value)
    assert pauses == []


def test_more_authorities_can_be_trusted(
    upstream: FakeUpstream, own_authority: Path, cache: Cache
) -> None:
    """A file given to the client (REQUESTS_CA_BUNDLE)."""
    trusting = replace(cache, http=replace(cache.http, certificates=str(own_authority)))
    assert trusting.fetch(kubelet(trusting, upstream.url)).read_bytes() == KUBELET


def test_ssl_cert_file_is_respected(
    upstream: FakeUpstream, own_authority: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's own way of naming another store."""
    monkeypatch.setenv("SSL_CERT_FILE", str(own_authority))
    assert kubelet(cache, upstream.url).sha256 == sha256(KUBELET)


def test_no_redirect_leads_out_of_https(
    upstream: FakeUpstream, own_authority: Path, cache: Cache
) -> None:
    """A checksum must come the way it was asked for."""
    trusting = replace(cache, http=replace(cache.http, certificates=str(own_authority)))
    plain = upstream.url.replace("https://", "http://")
    upstream.faults[f"/{upstream_path('kubelet')}.sha256"] = [redirect(f"{plain}/x")]
    with pytest.raises(ArtifactError, match="redirects from https to http://"):
        kubelet(trusting, upstream.url)


# --- members ------------------------------------------------------------------------------------


def test_a_compressed_member_is_one_plain_gzip_member(upstream: FakeUpstream, cache: Cache) -> None:
    """RFC 1952: no name, no time, nothing behind it; the same bytes from an empty cache."""
    artifact = resolved(cache, upstream.url, Want("etcd", "etcd")).artifacts[0]
    data = compressed_member(cache, artifact).read_bytes()
    assert data[:4] == b"\x1f\x8b\x08\x00"
    assert data[4:8] == b"\0\0\0\0"
    assert int.from_bytes(data[-4:], "little") == 4000
    other = Cache(cache.root.parent / "other", cache.http)
    assert compressed_member(other, artifact).read_bytes() == data


def test_digests_of_members_need_the_archive_once(upstream: FakeUpstream, cache: Cache) -> None:
    """Known from then on, archive or not."""
    artifact = resolved(cache, upstream.url, Want("cni-plugins", "bridge")).artifacts[0]
    first = member_digest(cache, artifact)
    cache.path(artifact.sha256).unlink()
    upstream.requests.clear()
    assert member_digest(cache, artifact) == first
    assert compressed_member(cache, artifact).is_file()
    assert upstream.requests == []


def test_an_archive_without_the_member_says_what_it_has(
    upstream: FakeUpstream, cache: Cache
) -> None:
    """The author of the role sees the right name."""
    artifact = resolved(cache, upstream.url, Want("etcd", "etcdutl")).artifacts[0]
    with pytest.raises(ArtifactError, match=r"no file 'etcd-.*/etcdutl'; it has .*/README\.md"):
        compressed_member(cache, artifact)


@pytest.mark.parametrize("data", [b"no archive", archive(**{"bin/ctr": b"x" * 9999})[:-40]])
def test_a_damaged_archive_is_an_error(upstream: FakeUpstream, cache: Cache, data: bytes) -> None:
    """Published like that: its checksum is right. No half program is left in the cache."""
    path = upstream_path("containerd")
    upstream.files[f"/{path}"] = data
    upstream.files[f"/{path}.sha256sum"] = sha256(data).encode()
    artifact = resolved(cache, upstream.url, Want("containerd", "ctr")).artifacts[0]
    with pytest.raises(ArtifactError, match=r"not a whole tar\.gz archive"):
        compressed_member(cache, artifact)
    assert list((cache.members / artifact.sha256).iterdir()) == []


# --- image archives -----------------------------------------------------------------------------


def test_image_archives_are_found_beside_the_inventory(tmp_path: Path, cache: Cache) -> None:
    """By relative path, absolute path, or file:// address; hashed as they are."""
    path = tmp_path / "images" / "pause.tar"
    path.parent.mkdir()
    path.write_bytes(b"image")
    for text in ("images/pause.tar", str(path), path.as_uri()):
        artifact = image_artifact(ImageSpec(archive=text), tmp_path)
        assert artifact.sha256 == sha256(b"image")
        assert artifact.name == "pause.tar"
        assert cache.fetch(artifact).read_bytes() == b"image"


def test_image_archives_from_servers_must_be_pinned(
    upstream: FakeUpstream, tmp_path: Path, cache: Cache
) -> None:
    """With a sha256 they are fetched like anything else."""
    upstream.files["/pause.tar"] = b"image"
    spec = ImageSpec(archive=f"{upstream.url}/pause.tar")
    with pytest.raises(InputError, match="has no sha256"):
        image_artifact(spec, tmp_path)
    pinned = spec.model_copy(update={"sha256": sha256(b"image")})
    assert cache.fetch(image_artifact(pinned, tmp_path)).read_bytes() == b"image"
    with pytest.raises(InputError, match=r"no image archive .*/none\.tar"):
        image_artifact(ImageSpec(archive="none.tar"), tmp_path)


def test_versions_of_other_components_do_not_matter_for_kubernetes() -> None:
    """The default versions are complete: every release of the catalogue has one."""
    versions = component_versions(ClusterSpec(versions=VersionSpec(etcd="3.5.30")))
    assert versions.etcd == "v3.5.30"
    for want in ALL:
        assert release(want.name).url_of(versions.of(release(want.name).component), "arm64")
