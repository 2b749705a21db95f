"""Images from a real registry that wants a password, through a mirror; others by name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest

from tests.e2e.command import Kprov
from tests.e2e.conftest import Machines
from tests.e2e.registry import PASSWORD, USER, certificate, registry
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.steps import converged, unchanged, verified
from tests.testbed.archives import Entry
from tests.testbed.images import busybox_entries, image
from tests.testbed.process import output

HOST, ADDRESS, GATEWAY = "n1", "10.97.139.11", "10.97.139.1"
PRIVATE, PUBLIC = "registry.example.com/team/app:1", "public.example.com/app:1"
SECURED, SECOND, OPEN = 5443, 5444, 5080
KUBECTL = "/usr/local/bin/kubectl --kubeconfig=/etc/kubernetes/admin.conf"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One machine, and three registries on the bridge with the same images: two of them secured."""
    with machines(supply, "img-registry", {HOST: ADDRESS}) as site:
        pem = certificate(site.directory, GATEWAY)
        with (
            registry(site.directory, GATEWAY, OPEN),
            registry(site.directory, GATEWAY, SECURED, pem=pem),
            registry(site.directory, GATEWAY, SECOND, pem=pem),
        ):
            yield site


def inventory(site: Site, *, port: int = SECURED, by_name: bool = False) -> None:
    """Two registries that exist by their mirrors only."""
    archives = [{"archive": str(path)} for path in site.supply.images.archives]
    registries = {
        "registry.example.com": {
            "mirrors": [f"https://{GATEWAY}:{port}"], "fallback": False, "ca": "registry.pem",
            "username": USER, "password_env": "REGISTRY_PASSWORD",
        },
        "public.example.com": {"mirrors": [f"http://{GATEWAY}:{OPEN}"], "fallback": False},
    }  # fmt: skip
    if by_name:
        registries["registry.example.com"].pop("username")
        registries["registry.example.com"].pop("password_env")
        archives.append({"image": PUBLIC})
    cluster = site.supply.cluster(
        "img-registry", local={}, images=archives, containerd={"registries": registries}
    )
    site.write(one_machine(cluster, HOST, {"ansible_host": ADDRESS}))


def knowing(site: Site) -> Site:
    """The site of somebody who has the password."""
    extra = {**site.kprov.extra, "REGISTRY_PASSWORD": PASSWORD}
    return replace(site, kprov=Kprov(site.kprov.home, site.directory, extra))


def runs(site: Site, name: str) -> None:
    """A pod of the private image comes up; its image was pulled for it."""
    site.run(HOST, f"{KUBECTL} run {name} --image={PRIVATE} --image-pull-policy=Always "
                   "--restart=Never -- sh -c 'cat /private'")  # fmt: skip
    limit = time.monotonic() + 90
    phase = f"{KUBECTL} get pod {name} -o jsonpath='{{.status.phase}}'"
    while site.run(HOST, phase) != "Succeeded":
        if time.monotonic() > limit:
            pytest.fail(site.run(HOST, f"{KUBECTL} describe pod {name}"))
        time.sleep(0.5)
    assert site.run(HOST, f"{KUBECTL} logs {name}") == "from the registry\n"
    site.run(HOST, f"{KUBECTL} delete pod {name} --grace-period=0 --force")


def test_without_the_password(site: Site):
    """Exit 3, the variable's name, and a machine as it was."""
    inventory(site)
    before = site.look(HOST)
    site.kprov("apply", site.inventory, "--yes").exits(3).says("REGISTRY_PASSWORD is not set")
    site.look(HOST).same_as(before)


def test_apply(site: Site):
    """With the password, which only root can read on the machine, and nobody in what was said."""
    done = knowing(site).kprov("apply", site.inventory, "--yes", "-v").exits(0)
    assert PASSWORD not in done.text
    assert PASSWORD not in site.journal
    assert site.run(HOST, "stat -c %a /etc/containerd/config.toml").strip() == "600"
    found = site.run(HOST, f"grep -rl {PASSWORD} /etc /opt/kprov /var/lib/kprov /run || true")
    assert found.split() == ["/etc/containerd/config.toml"]


def test_push(site: Site):
    """An image that is nowhere else: made here, pushed from the machine, forgotten there."""
    layers = [*busybox_entries(_busybox(), _applets()), Entry("private", b"from the registry\n")]
    archive = image(["example.com/app:1"], layers, {"Cmd": ["sh"]}, "amd64")
    site.send(HOST, archive, "/root/app.tar")
    site.run(HOST, f"""
        ctr -n push images import /root/app.tar
        ctr -n push images push --plain-http {GATEWAY}:{OPEN}/team/app:1 example.com/app:1
        ctr -n push images push --plain-http {GATEWAY}:{OPEN}/app:1 example.com/app:1
        ctr -n push images rm --sync example.com/app:1
        ctr namespaces rm push
        rm /root/app.tar
    """)  # fmt: skip


def _busybox() -> bytes:
    found = which("busybox")
    assert found, "busybox-static is missing: make system"
    return Path(found).read_bytes()


def _applets() -> list[str]:
    return output(["busybox", "--list"]).split()


def test_a_private_image_through_the_mirror(site: Site):
    """The kubelet gets it with the password that containerd has."""
    runs(site, "first")


def test_second_apply(site: Site):
    """Nothing to do; the cluster does its work."""
    unchanged(knowing(site))
    verified(knowing(site), "pod")


def test_another_mirror_needs_no_restart(site: Site):
    """Its address is read at the next pull. (Its password is another host's: that one does.)"""
    started = "systemctl show -P ActiveEnterTimestampMonotonic containerd.service"
    before = site.run(HOST, started)
    site.run(HOST, f"sed -i s/:{SECURED}/:{SECOND}/ /etc/containerd/certs.d/*/hosts.toml")
    plan = knowing(site).kprov("plan", site.inventory).exits(2)
    plan.says("hosts.toml", f"{SECOND}")
    assert "containerd.service restart" not in plan.out
    converged(knowing(site))
    assert site.run(HOST, started) == before
    inventory(site, port=SECOND)
    plan = knowing(site).kprov("plan", site.inventory).exits(2)
    plan.says("unit:containerd.service restart, because of file:/etc/containerd/config.toml")
    assert PASSWORD not in plan.text
    converged(knowing(site))
    runs(site, "second")


def test_by_name_ahead_of_need(site: Site):
    """Pulled by the apply; a name that the registry does not have fails with its words."""
    inventory(site, by_name=True)
    converged(site)
    assert PUBLIC in site.run(HOST, "ctr -n k8s.io images ls -q").split()
    text = site.inventory.read_text()
    site.inventory.write_text(text.replace(PUBLIC, PUBLIC.replace(":1", ":9")))
    site.kprov("apply", site.inventory, "--yes").exits(1).says("cannot be pulled", "app:9")
    site.inventory.write_text(text)
    unchanged(site)
