"""An ordinary user with a sudo password, on a machine that only a bastion can reach by SSH."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.e2e.command import Kprov
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply
from tests.e2e.steps import unchanged, verified

HOST, GATE = "n1", "gate"
HOSTS = {HOST: "10.97.103.11", GATE: "10.97.103.10"}
PASSWORD = "correct horse battery"  # of a machine that lives for a minute

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """The bastion is no host of the cluster: it is named by ProxyJump alone."""
    with machines(supply, "e2e-bastion", HOSTS, sudo_password=PASSWORD) as booted:
        told = Kprov(booted.kprov.home, booted.directory, {"KPROV_BECOME_PASSWORD": PASSWORD})
        site = replace(booted, jump=GATE, kprov=told)
        site.write({
            "cluster": supply.cluster("e2e-bastion"),
            "all": {
                "vars": {
                    "ansible_user": "admin",
                    "ansible_become": True,
                    "ansible_ssh_private_key_file": str(site.key),
                    "ansible_ssh_common_args": f"-J admin@{HOSTS[GATE]}",
                },
                "children": {
                    "kube_control_plane": {"hosts": {HOST: {"ansible_host": HOSTS[HOST]}}},
                    "kube_node": {"hosts": {HOST: {}}},
                },
            },
        })  # fmt: skip
        site.run(HOST, f"""
            iptables -A INPUT -p tcp --dport 22 ! -s {HOSTS[GATE]} -j REJECT --reject-with tcp-reset
        """)  # fmt: skip
        yield site


def test_only_through_the_bastion(site: Site):
    """Without the bastion the host refuses us, so what follows goes through it."""
    straight = ("-e", 'ansible_ssh_common_args="-o ConnectTimeout=2"')
    site.kprov("check", site.inventory, *straight).exits(1).says(HOST, "refuses connections")
    site.kprov("check", site.inventory).exits(0)


def test_apply(site: Site):
    """The same apply as that of root without a bastion."""
    site.memory[HOST] = site.look(HOST)
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["channels"] == {HOST: 4}
    assert PASSWORD not in done.text


def test_verify(site: Site):
    """The cluster does its work; the API is reached without the bastion."""
    verified(site, "pod", "cluster-ip", "deployment")


def test_second_apply(site: Site):
    """Nothing to do: one SSH channel."""
    unchanged(site)


def test_drift(site: Site):
    """Drift is found and repaired in files that only root may read."""
    site.run(HOST, "rm /etc/kubernetes/pki/kube-apiserver.key; systemctl stop kube-proxy.service")
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says("/etc/kubernetes/pki/kube-apiserver.key", "unit:kube-proxy.service start")
    site.kprov("apply", site.inventory, "--yes").exits(0)
    unchanged(site)


def test_password_is_nowhere(site: Site):
    """Neither the state folder nor the machine has kept the password."""
    kept = [path for path in site.state.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]
    found = site.run(HOST, f"""
        grep -rlsF '{PASSWORD}' /etc /var/lib/kprov /var/log /run /tmp --exclude-dir=journal
        journalctl -o cat --no-pager | grep -F '{PASSWORD}'
        exit 0
    """)  # fmt: skip
    assert found == ""


def test_reset(site: Site):
    """The machine is as it was, the firewall rule that was there before included."""
    site.kprov("reset", site.inventory, "--yes").exits(0)
    site.look(HOST).same_as(site.memory[HOST])
