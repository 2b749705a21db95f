"""etcd on machines of its own: from one member and one control plane to three, under load."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from tests.e2e.conftest import Machines
from tests.e2e.outage import cut_power, member_healthy, power_on, read_back, until, writing
from tests.e2e.site import Site, Supply
from tests.e2e.steps import converged, unchanged, verified

HOSTS = {
    "cp1": "10.97.122.11", "w1": "10.97.122.21",
    "e1": "10.97.122.31", "e2": "10.97.122.32", "e3": "10.97.122.33",
}  # fmt: skip
MOST_SECONDS_WITHOUT_WRITES = 20.0

pytestmark = [pytest.mark.e2e, pytest.mark.story]


def inventory(site: Site, planes: Sequence[str], etcd: Sequence[str]) -> None:
    """One worker, and whoever is named."""
    site.write({
        "cluster": site.supply.cluster("e2e-etcd", local={}),
        "all": {
            "hosts": {name: {"ansible_host": address} for name, address in HOSTS.items()},
            "children": {
                "kube_control_plane": {"hosts": dict.fromkeys(planes)},
                "etcd": {"hosts": dict.fromkeys(etcd)},
                "kube_node": {"hosts": {"w1": None}},
            },
        },
    })  # fmt: skip


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """Five machines; two of the three for etcd become control planes as well."""
    with machines(supply, "e2e-etcd", HOSTS, packages=("haproxy",)) as site:
        inventory(site, ["cp1"], ["e1"])
        yield site


def test_one_of_each(site: Site):
    """The only member is on a machine of its own; nodes reach the control plane directly."""
    converged(site)
    site.run("w1", f"grep -q https://{HOSTS['cp1']}:6443 /var/lib/kubelet/kubeconfig")


def test_growth_to_three(site: Site):
    """Two members join as learners, two control planes appear, nodes go through their proxies."""
    inventory(site, ["cp1", "e2", "e3"], ["e1", "e2", "e3"])
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says("command:join the etcd cluster as a learner")
    before = site.run("e1", "systemctl show -p ActiveEnterTimestampMonotonic etcd.service")
    done = converged(site)
    print(f"from 1 to 3 members and control planes: {done.data['seconds']:.1f} s")
    after = site.run("e1", "systemctl show -p ActiveEnterTimestampMonotonic etcd.service")
    assert before == after, "the member that was there did not have to restart"
    site.run("w1", "grep -q https://127.0.0.1:6444 /var/lib/kubelet/kubeconfig")
    status = site.kprov("status", site.inventory).exits(0)
    status.says("etcd: 3 of 3 members are healthy")
    verified(site)


def test_a_member_is_lost_under_load(site: Site):
    """The first member's machine loses its power, and gets it back."""
    with writing(site, "w1", "outage") as writes:
        until(lambda: len(writes.acknowledged) >= 20, "writes", 60)
        cut = time.monotonic()
        cut_power(site, "e1")
        until(lambda: writes.since(cut + 5) >= 20, "writes after the loss", 60)
        power_on(site, "e1")
        took = until(lambda: member_healthy(site, "e1"), "etcd member", 120)
        until(lambda: writes.since(time.monotonic() - 2) >= 1, "writes after its return", 60)
    gap = writes.longest_gap()
    there = read_back(site, "w1", writes)
    print(
        f"{len(writes.acknowledged)} writes acknowledged, {writes.refused} not; etcd member lost: "
        f"longest time without a write {gap:.1f} s; healthy again {took:.1f} s after boot"
    )
    assert writes.acknowledged.keys() <= there, "acknowledged, and lost"
    assert gap < MOST_SECONDS_WITHOUT_WRITES


def test_it_is_whole_again(site: Site):
    """Nothing to do after its return."""
    unchanged(site)


def test_a_change_that_would_break_the_quorum_is_refused(site: Site):
    """With one member away no other may restart; nothing is touched."""
    cut_power(site, "e3")
    words = ("-e", "cluster.etcd.extra_args.snapshot-count=20000")
    done = site.kprov("apply", site.inventory, "--yes", "--skip-unreachable", *words).exits(1)
    done.says("would take away the quorum", "2 of 3 members are healthy (e1, e2)", "bring e3 back")
    power_on(site, "e3")
    until(lambda: member_healthy(site, "e3"), "etcd member", 120)
    # the others and the apiservers take their time until they count with it again
    until(lambda: site.kprov("plan", site.inventory).code == 0, "plan without changes", 60)
    unchanged(site)
