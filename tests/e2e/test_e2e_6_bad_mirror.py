"""Mirrors that lie, break off or are away: nothing of theirs is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kprov.artifacts.catalogue import release
from kprov.artifacts.lock import LockFile
from tests.e2e.command import Kprov
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.web import served

HOST, ADDRESS, GATEWAY = "n1", "10.97.106.11", "10.97.106.1"

pytestmark = [pytest.mark.e2e]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One machine that never becomes a cluster, and an empty cache."""
    with machines(supply, "e2e-mirror", {HOST: ADDRESS}, packages=("curl",)) as site:
        site.memory[HOST] = site.look(HOST)
        cache = {"KPROV_CACHE": str(site.directory / "cache")}
        yield replace(site, kprov=Kprov(site.kprov.home, site.directory, cache))


@pytest.fixture(autouse=True)
def untouched(site: Site) -> Iterator[None]:
    """After every test the machine is as it was."""
    yield
    site.look(HOST).same_as(site.memory[HOST])


@pytest.fixture
def copy(site: Site) -> Iterator[Path]:
    """A mirror like the real one, of hard links: replace files in it, never write to them."""
    folder = site.directory / "mirror"
    shutil.copytree(site.supply.mirror, folder, copy_function=os.link)
    yield folder
    shutil.rmtree(folder)
    shutil.rmtree(site.directory / "cache", ignore_errors=True)
    shutil.rmtree(site.state, ignore_errors=True)


def inventory(site: Site, mirror: str, **artifacts: str) -> None:
    """The machine, and a mirror."""
    more = {"artifacts": {"mirror": mirror, **artifacts}, "versions": site.supply.versions()}
    key = str(site.key)
    host = {"ansible_host": ADDRESS, "ansible_user": "root", "ansible_ssh_private_key_file": key}
    site.write(one_machine(site.supply.cluster("e2e-mirror", **more), HOST, host))


def refused(site: Site, *words: str) -> None:
    """`apply` exits 1 and says these words."""
    done = site.kprov("apply", site.inventory, "--yes").exits(1).says(*words)
    assert "Traceback" not in done.text


def etcd(mirror: Path) -> Path:
    """The first archive that an apply needs."""
    return next(mirror.rglob("etcd-v*-linux-amd64.tar.gz"))


def replace_file(path: Path, content: bytes) -> None:
    """Other content under the same name; the file it was a link to stays as it is."""
    path.unlink()
    path.write_bytes(content)


def test_altered(site: Site, copy: Path):
    """One byte is another: both digests are shown, the file is dropped."""
    content = bytearray(etcd(copy).read_bytes())
    content[len(content) // 2] ^= 1
    replace_file(etcd(copy), bytes(content))
    inventory(site, copy.as_uri())
    refused(site, etcd(copy).name, "not what its checksum says", "expected: sha256", "found:")


def test_truncated(site: Site, copy: Path):
    """Half a file is not a file."""
    content = etcd(copy).read_bytes()
    replace_file(etcd(copy), content[: len(content) // 2])
    inventory(site, copy.as_uri())
    refused(site, etcd(copy).name, "not what its checksum says")


def test_missing(site: Site, copy: Path):
    """What is not there is named, with the path where it should be."""
    next(copy.rglob("kubelet")).unlink()
    inventory(site, copy.as_uri())
    refused(site, "kubelet", site.supply.kubernetes, "is not there")


def test_published_otherwise(site: Site, copy: Path):
    """A release whose checksum changed after kprov.lock pinned it is refused."""
    inventory(site, copy.as_uri())
    kubelet = next(copy.rglob("kubelet"))
    url = release("kubelet").url_of(site.supply.kubernetes, "amd64")
    digest = hashlib.sha256(kubelet.read_bytes()).hexdigest()
    site.state.mkdir(parents=True, exist_ok=True)
    (site.state / "kprov.lock").write_text(LockFile().pin(url, digest).dump())
    replace_file(kubelet.with_name("kubelet.sha256"), b"0" * 64)
    refused(site, "kprov.lock pins", "pinned:", "published:")


def test_altered_on_the_way_to_the_host(site: Site, copy: Path):
    """Hosts that download verify for themselves: nothing is installed from what came."""
    content = bytearray(etcd(copy).read_bytes())
    content[-1] ^= 1
    replace_file(etcd(copy), bytes(content))
    with served(copy, GATEWAY) as mirror:
        inventory(site, mirror, delivery="pull")
        done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says(HOST, "has SHA-256", "nothing was installed")
    assert "absent" in site.run(HOST, "[ -e /usr/local/bin/etcd ] || echo absent")
    site.kprov("reset", site.inventory, "--yes").exits(0)


def test_away(site: Site):
    """Nobody listens: the address, how often it was tried, and what to set."""
    inventory(site, "http://127.0.0.1:1")
    refused(site, "127.0.0.1:1 cannot be reached", "cluster.artifacts.mirror")
