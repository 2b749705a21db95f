"""Add-ons behind the real command line: whose an object is, and manifests from addresses."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite
from tests.unit.engine.web_folder import WebFolder

PAGE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\n"
ADDRESS = "https://example.com/page.yaml"
MIRRORED = "example.com/page.yaml"


def refused(site: FakeSite, *words: str | Path, code: int) -> str:
    """What an apply says that ends before any host is asked anything."""
    done = site.run("apply", "--yes", *words)
    assert done.code == code, done.err
    assert not any(site.channels.values())
    return done.err


def test_two_addons_with_one_object(site: FakeSite) -> None:
    """Refused with both names; in namespaces of their own they are two objects."""
    (site.folder / "page.yaml").write_text(PAGE)
    entries = "[{name: web, manifest: page.yaml}, {name: shop, manifest: page.yaml%s}]"
    site.write("cp1", cluster=f"  addons: {entries % ''}\n")
    said = refused(site, code=3)
    assert "the add-on web and the add-on shop both bring ConfigMap default/page" in said
    site.write("cp1", cluster=f"  addons: {entries % ', namespace: shop'}\n")
    site.apply()
    assert site.run("plan").code == 0


def test_an_addon_with_the_namespace_of_a_tenant(site: FakeSite) -> None:
    """The same."""
    (site.folder / "space.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}")
    tenants = "  tenants: [{name: a, isolate: false}]\n"
    site.write("cp1", cluster=f"  addons: [{{name: web, manifest: space.yaml}}]\n{tenants}")
    said = refused(site, code=3)
    assert "the manifest tenant-a and the add-on web both bring Namespace a" in said


def test_an_addon_with_an_object_of_a_role(site: FakeSite) -> None:
    """Whether a role applies its manifest facts may decide: exit 3 after the look."""
    dns = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: coredns, namespace: kube-system}"
    (site.folder / "dns.yaml").write_text(dns)
    site.write("cp1", cluster="  addons: [{name: web, manifest: dns.yaml}]\n")
    done = site.run("apply", "--yes")
    assert done.code == 3
    assert "the manifest coredns and the add-on web both bring ServiceAccount" in done.err
    assert not site.hosts["cp1"].done


@pytest.fixture
def far(site: FakeSite, web: WebFolder, monkeypatch: pytest.MonkeyPatch) -> FakeSite:
    """A site that gets everything from a server, with a cache of its own."""
    shutil.copytree(site.mirror, web.folder, dirs_exist_ok=True)
    site.other_mirror = web.url
    empty_cache(site, monkeypatch)
    return site


def empty_cache(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tempfile.mkdtemp(dir=site.folder)
    monkeypatch.setenv("KPROV_CACHE", folder)


def from_address(site: FakeSite, address: str = ADDRESS, sha256: str = "") -> None:
    """One add-on, its manifest at an address."""
    pinned = f", sha256: {sha256}" if sha256 else ""
    site.write("cp1", cluster=f"  addons: [{{name: web, manifest: '{address}'{pinned}}}]\n")


@pytest.mark.parametrize("size", [0, 3 << 20])
def test_the_first_one_is_pinned(
    far: FakeSite, web: WebFolder, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """However large it is. While the cache has it nobody is asked; another one is refused."""
    digest = web.put(MIRRORED, PAGE + "#" * size)
    from_address(far)
    far.apply()
    assert "v1 ConfigMap default page" in far.hosts["cp1"].objects
    assert web.asked.count(f"/{MIRRORED}") == 2  # is it there, and the file
    assert f"{ADDRESS}: {digest}" in (far.state / "kprov.lock").read_text()
    web.put(MIRRORED, PAGE + "data: {altered: 'yes'}\n")
    assert far.run("plan").code == 0
    assert web.asked.count(f"/{MIRRORED}") == 2
    empty_cache(far, monkeypatch)
    said = refused(far, code=1)
    assert f"{web.url}/{MIRRORED}: this file is not what its checksum says" in said
    assert f"expected: sha256 {digest}" in said


def test_a_digest_in_the_inventory(far: FakeSite, web: WebFolder) -> None:
    """What is not of that digest is refused, and what the lock file pins otherwise."""
    digest, other = web.put(MIRRORED, PAGE), "f" * 64
    from_address(far, sha256=other)
    said = refused(far, code=1)
    assert digest in said
    assert other in said
    from_address(far, sha256=digest)
    far.apply()
    from_address(far, sha256=other)
    assert f"kprov.lock pins {ADDRESS} to SHA-256 {digest}" in refused(far, code=1)


@pytest.mark.parametrize("sha256", ["", "f" * 64])
def test_nothing_at_that_address(far: FakeSite, web: WebFolder, sha256: str) -> None:
    """Both addresses where it could be are named."""
    from_address(far, sha256=sha256)
    said = refused(far, code=1)
    assert f"{web.url}/page.yaml, {web.url}/{MIRRORED}" in said
    assert f"there is no manifest {ADDRESS}" in said


def test_in_a_bundle(far: FakeSite, web: WebFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes from there when there is no server, but only as it is pinned."""
    digest, bundle = web.put(MIRRORED, PAGE), far.folder / "demo.tar"
    from_address(far)
    assert far.main("bundle", "create", far.inventory, "-o", bundle).code == 0
    assert MIRRORED in far.main("bundle", "list", bundle).out
    web.close()
    empty_cache(far, monkeypatch)
    far.apply("--bundle", str(bundle))
    assert "v1 ConfigMap default page" in far.hosts["cp1"].objects
    assert f"{ADDRESS}: {digest}" in (far.state / "kprov.lock").read_text()
    assert far.run("plan", "--bundle", bundle).code == 0
    (far.state / "kprov.lock").unlink()
    from_address(far, sha256="f" * 64)
    said = refused(far, "--bundle", bundle, code=1)
    assert f"demo.tar/{MIRRORED}: this manifest is not the one that is pinned" in said
    from_address(far, "https://example.com/other.yaml")
    said = refused(far, "--bundle", bundle, code=3)
    assert "this bundle has no example.com/other.yaml" in said
