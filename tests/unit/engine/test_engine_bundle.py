"""`kprov bundle` and `--bundle`: what was gathered is what an apply uses, and all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite
from tests.unit.engine.test_engine_images import archive


@pytest.fixture
def bundle(site: FakeSite) -> Path:
    """A bundle of this site, an image archive in it."""
    (site.folder / "images").mkdir()
    archive(site.folder / "images" / "app.tar", "example/app:1")
    site.write("cp1", "w1", cluster="  images: [{archive: images/app.tar}]\n")
    path = site.folder / "demo.tar"
    done = site.main("bundle", "create", site.inventory, "-o", path)
    assert done.code == 0, done.err
    assert "Kubernetes v1.36.2 for amd64" in done.out
    return path


@pytest.fixture
def isolated(site: FakeSite, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSite:
    """The same inventory where there is no mirror, no image archive, and nothing in the cache."""
    text = site.inventory.read_text()
    site.inventory.write_text(text.replace(f"file://{site.mirror}", "http://127.0.0.1:1"))
    shutil.rmtree(site.folder / "images")
    monkeypatch.setenv("KPROV_CACHE", str(site.folder / "empty-cache"))
    for host in site.hosts.values():
        host.facts["fake_tags"] = "example/app:1"
    return site


def test_creating_touches_nothing_else(site: FakeSite, bundle: Path) -> None:
    """No host is asked, no state folder made; twice the same bytes."""
    assert site.transports == []
    assert not site.state.exists()
    again = site.folder / "again.tar"
    assert site.main("bundle", "create", site.inventory, "-o", again).code == 0
    assert again.read_bytes() == bundle.read_bytes()


def test_apply_from_a_bundle(isolated: FakeSite, bundle: Path) -> None:
    """All that is needed is in it, image archives included; then there is nothing to do."""
    site = isolated
    assert site.run("plan", "--bundle", bundle).code == 2
    site.apply("--bundle", str(bundle))
    assert site.hosts["w1"].tags == {"example/app:1"}
    assert site.run("plan", "--bundle", bundle).code == 0
    assert site.run("check", "--bundle", bundle).code == 0
    assert site.run("status", "--bundle", bundle).code == 0


def test_a_saved_plan_keeps_its_bundle(isolated: FakeSite, bundle: Path) -> None:
    """`plan --bundle -o FILE`, then `apply FILE`."""
    saved = isolated.folder / "plan.json"
    assert isolated.run("plan", "--bundle", bundle, "-o", saved).code == 2
    assert isolated.main("apply", saved).code == 0
    assert isolated.run("plan", "--bundle", bundle).code == 0


@pytest.mark.parametrize("command", ["plan", "apply", "check"])
def test_an_altered_bundle(isolated: FakeSite, bundle: Path, command: str) -> None:
    """Exit 3, the file is named, no host has been touched."""
    content = bytearray(bundle.read_bytes())
    at = content.rindex(b"example/app:1")
    content[at] ^= 1
    bundle.write_bytes(content)
    done = isolated.run(command, "--bundle", bundle, *(["--yes"] if command == "apply" else []))
    assert done.code == 3
    assert "this bundle was altered: images/" in done.err
    assert "app.tar" in done.err
    assert isolated.main("bundle", "verify", bundle).code == 3
    assert not any(host.done for host in isolated.hosts.values())


def test_a_bundle_of_another_version(isolated: FakeSite, bundle: Path) -> None:
    """It has no such kubelet: exit 3, with the command that makes the right one."""
    done = isolated.run("apply", "--yes", "--bundle", bundle, "-e", "cluster.kubernetes=v1.36.3")
    assert done.code == 3
    assert "this bundle has no dl.k8s.io/release/v1.36.3/" in done.err
    assert "kprov bundle create" in done.err
    assert not any(host.done for host in isolated.hosts.values())


def test_a_bundle_without_a_hosts_architecture(isolated: FakeSite, bundle: Path) -> None:
    """The same for arm64."""
    isolated.hosts["w1"].facts["arch"] = "aarch64"
    done = isolated.run("apply", "--yes", "--bundle", bundle)
    assert done.code == 3
    assert "arm64" in done.err
    assert "--arch" in done.err


def test_listed_and_verified(site: FakeSite, bundle: Path) -> None:
    """For people and for programs."""
    done = site.main("bundle", "list", bundle)
    assert done.code == 0
    assert "dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet" in done.out
    assert site.main("bundle", "list", bundle, "-o", "json").code == 0
    assert "all as the index says" in site.main("bundle", "verify", bundle).out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["create", "INVENTORY", "-o", "nowhere/demo.tar"], "a folder that exists"),
        (["create", "INVENTORY", "-o", "demo2.tar", "--arch", "s390x"], "invalid choice"),
        (["verify", "INVENTORY"], "no bundle"),
        (["serve", "BUNDLE", "--listen", "here"], "not ADDRESS:PORT"),
    ],
)
def test_wrong_usage(site: FakeSite, bundle: Path, words: list[str], expected: str) -> None:
    """Exit 3."""
    names = {"INVENTORY": site.inventory, "BUNDLE": bundle}
    done = site.main("bundle", *(names.get(word, word) for word in words))
    assert done.code == 3
    assert expected in done.err
