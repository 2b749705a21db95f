"""Image archives of `cluster.images`: files on this computer and files that a server has."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite
from tests.unit.engine.web_folder import WebFolder


def archive(path: Path, *tags: str, arch: str = "amd64") -> str:
    """A docker-archive with these tags; returns its digest."""
    manifest = [{"Config": "c.json", "RepoTags": list(tags), "Layers": []}]
    with tarfile.open(path, "w") as tar:
        for name, document in (("manifest.json", manifest), ("c.json", {"architecture": arch})):
            data = json.dumps(document).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def with_image(site: FakeSite, image: str) -> None:
    site.write("cp1", cluster=f"  images: [{image}]\n")
    site.hosts["cp1"].facts["fake_tags"] = "example/app:1"


def test_a_file_beside_the_inventory(site: FakeSite) -> None:
    """It travels once and is loaded; then there is nothing to do."""
    digest = archive(site.folder / "app.tar", "example/app:1")
    with_image(site, "{archive: app.tar}")
    site.apply()
    assert site.hosts["cp1"].tags == {"example/app:1"}
    assert f"k_image /opt/kprov/.incoming/{digest}" in site.hosts["cp1"].done
    assert site.run("plan").code == 0


def test_a_file_on_a_server(site: FakeSite, web: WebFolder) -> None:
    """Fetched once for all runs, verified, and then like any other."""
    digest = archive(site.folder / "www" / "app.tar", "example/app:1")
    with_image(site, f"{{archive: {web.url}/app.tar, sha256: {digest}}}")
    assert site.run("plan").code == 2
    site.apply()
    assert site.hosts["cp1"].tags == {"example/app:1"}
    assert site.run("plan").code == 0
    assert web.asked == ["/app.tar"]


def test_a_server_has_to_be_pinned(site: FakeSite, web: WebFolder) -> None:
    """What it sends must be verified: wrong input."""
    with_image(site, f"{{archive: {web.url}/app.tar}}")
    done = site.run("plan")
    assert done.code == 3
    assert "has no sha256: what a server sends must be verified" in done.err
    assert web.asked == []


def test_a_server_that_sends_something_else(site: FakeSite, web: WebFolder) -> None:
    """Refused before anything is touched."""
    archive(site.folder / "www" / "app.tar", "example/app:1")
    with_image(site, f"{{archive: {web.url}/app.tar, sha256: {'f' * 64}}}")
    done = site.run("apply", "--yes")
    assert done.code == 1
    assert "not what its checksum says" in done.err
    assert not site.hosts["cp1"].done


def test_a_server_that_does_not_have_it(site: FakeSite, web: WebFolder) -> None:
    """404 names the address."""
    with_image(site, f"{{archive: {web.url}/app.tar, sha256: {'f' * 64}}}")
    done = site.run("plan")
    assert done.code == 1
    assert f"{web.url}/app.tar" in done.err
    assert "404" in done.err


@pytest.mark.parametrize(
    ("image", "code", "words"),
    [
        ("{archive: nowhere.tar}", 3, "nowhere.tar does not exist"),
        ("{archive: app.tar, sha256: " + "f" * 64 + "}", 1, "this image archive has SHA-256"),
        ("{archive: inventory.yaml}", 1, "this is no image archive"),
    ],
)
def test_files_that_are_not_right(site: FakeSite, image: str, code: int, words: str) -> None:
    """Missing, changed, something else."""
    archive(site.folder / "app.tar", "example/app:1")
    with_image(site, image)
    done = site.run("plan")
    assert done.code == code
    assert words in done.err


def test_images_by_name(site: FakeSite) -> None:
    """Pulled on every node before they are needed; then there is nothing to do."""
    images = "  images: [{image: 'busybox:1.36'}, {image: 'registry.example:5000/team/app:1'}]\n"
    site.write("cp1", "w1", cluster=images)
    site.apply()
    names = {"docker.io/library/busybox:1.36", "registry.example:5000/team/app:1"}
    assert site.hosts["w1"].tags == names
    assert site.run("plan").code == 0
    site.hosts["w1"].tags.clear()
    assert "pull:images of the inventory" in site.run("plan").out


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("{}", "expected either `archive: FILE` or `image: NAME`"),
        ("{archive: a.tar, image: 'busybox:1'}", "expected either"),
        ("{image: busybox}", "is not the name of an image with its tag or digest"),
        ("{image: 'Busybox:1'}", "is not the name of an image"),
        ("{image: 'busybox:1', sha256: " + "f" * 64 + "}", "`sha256` is for archives"),
    ],
)
def test_bad_images(site: FakeSite, image: str, words: str) -> None:
    """Exit 3, with the line."""
    site.write("cp1", cluster=f"  images: [{image}]\n")
    done = site.run("plan")
    assert done.code == 3
    assert words in done.err
    assert "inventory.yaml:5" in done.err


def test_an_archive_for_another_architecture(site: FakeSite) -> None:
    """Refused with the host's name and both architectures; nothing is touched."""
    archive(site.folder / "app.tar", "example/app:1", arch="arm64")
    with_image(site, "{archive: app.tar}")
    done = site.run("apply", "--yes")
    assert done.code == 3
    assert "cp1 is amd64, but the image archive app.tar is for arm64: example/app:1" in done.err
    assert not site.hosts["cp1"].done
