"""Services that do not come up: what the error shows to the person who has to find out why."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from kprov.model.share import share
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.web import served

HOST, ADDRESS, GATEWAY = "n1", "10.97.107.11", "10.97.107.1"
SECONDS = 4

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One machine, and roles of the user's own that differ from kprov's in their patience alone."""
    with (
        machines(supply, "e2e-wait", {HOST: ADDRESS}, packages=("curl",)) as site,
        served(supply.mirror, GATEWAY) as mirror,
    ):
        for role in ("etcd", "kube-apiserver"):
            shutil.copytree(f"{share('roles')}/{role}", site.directory / "roles" / role)
            tasks = site.directory / "roles" / role / "tasks.yaml"
            tasks.write_text(re.sub(r"timeout: \d+", f"timeout: {SECONDS}", tasks.read_text()))
        (site.directory / "mirror").write_text(mirror)
        site.memory[HOST] = site.look(HOST)
        yield site


def inventory(site: Site, **components: object) -> None:
    """The machine, with flags of somebody's own."""
    cluster = site.supply.cluster(
        "e2e-wait",
        artifacts={"mirror": (site.directory / "mirror").read_text(), "delivery": "pull"},
        versions=site.supply.versions(),
        images=[],
        local={},
        **components,
    )
    site.write(one_machine(cluster, HOST, {"ansible_host": ADDRESS}))


def test_etcd(site: Site):
    """etcd refuses a flag: the unit's state, its last words, who listens, and the likely cause."""
    inventory(site, etcd={"extra_args": {"no-such-flag": "1"}})
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says(
        HOST,
        "wait:etcd is healthy",
        f"not there after {SECONDS} s",
        "Active: activating",
        "last journal lines of etcd.service",
        "flag provided but not defined: -no-such-flag",
        "listening:",
        ":22",
        "likely cause: a flag that this version does not know: check extra_args",
        "Run the same command again after mending",
    )


def test_apiserver(site: Site):
    """The apiserver does not come up: the same, of the unit that is to blame."""
    inventory(site, kube_apiserver={"extra_args": {"no-such-flag": "1"}})
    done = site.kprov("apply", site.inventory, "--yes").exits(1)
    done.says(
        "wait:kube-apiserver is ready",
        "last journal lines of kube-apiserver.service",
        "unknown flag: --no-such-flag",
        ":2379",
        "likely cause: a flag that this version does not know: check extra_args",
    )


def test_reset(site: Site):
    """Half a cluster leaves no more behind than a whole one."""
    site.kprov("reset", site.inventory, "--yes").exits(0)
    site.look(HOST).same_as(site.memory[HOST])
