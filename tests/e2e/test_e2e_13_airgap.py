"""No way out: kprov and the machine reach each other and nothing else. One file has it all."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kprov.artifacts.mirror_folder import file_digest
from tests.e2e.command import Done, Kprov
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.steps import converged, unchanged, verified

HOST, ADDRESS = "n1", "10.97.138.11"
CONTROLLER = "10.97.138.2"
SERVER = f"{CONTROLLER}:8137"
NAMESPACE, CABLE = "kprov-airgap", "kpag"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One machine; kprov in a network that has the machines' bridge in it, and nothing else."""
    with (
        machines(supply, "img-airgap", {HOST: ADDRESS}, packages=("curl",)) as site,
        cut_off() as inside,
    ):
        # not deleted: without one, a node itself has no route to Services
        site.run(HOST, "ip route replace default dev host0")
        cache = {"KPROV_CACHE": str(site.directory / "empty-cache")}
        yield replace(site, kprov=Kprov(site.kprov.home, site.directory, cache, inside), memory={})


@contextmanager
def cut_off() -> Iterator[tuple[str, ...]]:
    """A network namespace with one cable, into the bridge; yields what runs a program in it."""
    route = _output("ip", "-o", "route", "get", ADDRESS).split()
    bridge = route[route.index("dev") + 1]
    subprocess.run(("ip", "netns", "delete", NAMESPACE), check=False, capture_output=True)
    _output("ip", "netns", "add", NAMESPACE)
    try:
        _output("ip", "link", "add", f"{CABLE}0", "type", "veth", "peer", "name", f"{CABLE}1",
                "netns", NAMESPACE)  # fmt: skip
        _output("ip", "link", "set", f"{CABLE}0", "master", bridge, "up")
        for words in (
            ("address", "add", f"{CONTROLLER}/24", "dev", f"{CABLE}1"),
            ("link", "set", f"{CABLE}1", "up"),
            ("link", "set", "lo", "up"),
        ):
            _output("ip", "-n", NAMESPACE, *words)
        yield ("ip", "netns", "exec", NAMESPACE)
    finally:
        _output("ip", "netns", "delete", NAMESPACE)


def _output(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def inventory(site: Site, **cluster: object) -> None:
    """Image archives are named as if they lay beside the inventory; no mirror."""
    images = [{"archive": f"images/{path.name}"} for path in site.supply.images.archives]
    spec = {**site.supply.cluster("img-airgap", images=images), **cluster}
    spec = {key: value for key, value in spec.items() if value is not None}
    host = {
        "ansible_host": ADDRESS, "ansible_user": "root",
        "ansible_ssh_private_key_file": str(site.key),
    }  # fmt: skip
    site.write(one_machine(spec, HOST, host))


def bundle(site: Site) -> Path:
    """Where it is."""
    return site.directory / "demo.tar"


def bundled(site: Site) -> Site:
    """The site whose commands all have `--bundle`."""

    class Bundled(Kprov):
        def __call__(self, *words: str | Path) -> Done:
            return super().__call__(*words, "--bundle", bundle(site))

    its = site.kprov
    return replace(site, kprov=Bundled(its.home, its.directory, its.extra, its.inside))


def test_create(site: Site):
    """Where there is a mirror; twice the same bytes, and every file as its index says."""
    images = site.directory / "images"
    images.mkdir()
    for path in site.supply.images.archives:
        os.link(path, images / path.name)
    inventory(site)
    outside = Kprov(site.kprov.home, site.directory)
    outside("bundle", "create", site.inventory, "-o", bundle(site)).exits(0)
    first = bundle(site).stat()
    again = site.directory / "again.tar"
    outside("bundle", "create", site.inventory, "-o", again).exits(0)
    assert subprocess.run(("cmp", bundle(site), again), check=False).returncode == 0
    again.unlink()
    outside("bundle", "list", bundle(site)).exits(0).says("bin/linux/amd64/kubelet", "kprov.lock")
    site.kprov("bundle", "verify", bundle(site)).exits(0)
    assert bundle(site).stat().st_mtime == first.st_mtime
    shutil.rmtree(images)


def test_there_is_no_way_out(site: Site):
    """Neither side has a gateway to anywhere else, and the cache is empty."""
    assert "via" not in site.run(HOST, "ip route show")
    assert "via" not in _output("ip", "-n", NAMESPACE, "route", "show")
    assert not (site.directory / "empty-cache").exists()


def test_not_without_the_bundle(site: Site):
    """Then the image archives are missed: exit 3."""
    inventory(site, artifacts=None)
    site.kprov("apply", site.inventory, "--yes").exits(3).says("image archive", "does not exist")


def test_altered_or_incomplete(site: Site):
    """The file is named, and nothing is touched."""
    site.memory[HOST] = site.look(HOST)
    broken = site.directory / "broken.tar"
    shutil.copyfile(bundle(site), broken)
    size = broken.stat().st_size
    with broken.open("r+b") as stream:
        stream.seek(size // 2)
        byte = stream.read(1)
        stream.seek(size // 2)
        stream.write(bytes([byte[0] ^ 1]))
    words = ("apply", site.inventory, "--yes", "--bundle", broken)
    site.kprov(*words).exits(3).says("bundle was altered", "expected: sha256", "found:")
    os.truncate(broken, size // 2)
    site.kprov(*words).exits(3).says("bundle is incomplete")
    broken.unlink()
    site.look(HOST).same_as(site.memory[HOST])


def test_apply(site: Site):
    """From an empty cache and an empty state to a cluster."""
    its = bundled(site)
    its.kprov("check", site.inventory).exits(0)
    its.kprov("plan", site.inventory).exits(2)
    done = its.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["ok"]


def test_verify_and_second_apply(site: Site):
    """The cluster does its work, and nothing is left to do."""
    verified(bundled(site))
    unchanged(bundled(site))


def test_hosts_download_from_a_served_bundle(site: Site):
    """`kprov bundle serve` is a mirror: after a reset the machine gets everything from there."""
    bundled(site).kprov("reset", site.inventory, "--yes").exits(0)
    site.look(HOST).same_as(site.memory[HOST])
    server = site.kprov.start("bundle", "serve", bundle(site), "--listen", SERVER)
    try:
        server.until(lambda: "serving" in server.err, "the server listens")
        digests = {path.name: file_digest(path) for path in site.supply.images.archives}
        inventory(
            site,
            artifacts={"mirror": f"http://{SERVER}", "delivery": "pull"},
            versions=site.supply.versions(),  # a server cannot be asked what it has
            images=[
                {"archive": f"http://{SERVER}/images/{digest}/{name}", "sha256": digest}
                for name, digest in digests.items()
            ],
        )
        converged(site)
        assert f"{ADDRESS} " in server.err, "the machine itself has downloaded"
    finally:
        server.kill()
    verified(site, "pod")
