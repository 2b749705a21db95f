"""Add-ons behind the real command line."""

from __future__ import annotations

from pathlib import Path

from tests.unit.engine.fake_site import FakeSite

PAGE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: page}\n"




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
