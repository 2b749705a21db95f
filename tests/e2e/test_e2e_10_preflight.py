"""Preflight and nodes: everything that is in the way is found at once, on real machines; labels,
annotations, taints and kubelet settings are kept as the inventory says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply
from tests.e2e.steps import converged, unchanged, verified

HOSTS = {"cp1": "10.97.128.11", "w1": "10.97.128.12"}
W1 = {
    "node_labels": {"zone": "a", "example.com/disk": "ssd"},
    "node_annotations": {"example.com/note": 'it\'s a "note"'},
    "node_taints": ["dedicated=batch:PreferNoSchedule"],
    "kubelet_config": {"maxPods": 50},
    "kubelet_extra_args": {"v": 1},
}
KUBECTL = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """A control plane and a worker."""
    with machines(supply, "pre-e2e", HOSTS) as site:
        write(site, W1)
        yield site


def write(site: Site, w1: dict[str, Any], *schedulable: str) -> None:
    """The inventory, with variables of the worker."""
    own = {name: {"ansible_host": address} for name, address in HOSTS.items()}
    site.write({
        "cluster": site.supply.cluster("pre-e2e", local={}),
        "all": {"children": {
            "kube_control_plane": {"hosts": {"cp1": own["cp1"]}},
            "kube_node": {"hosts": {"w1": {**own["w1"], **w1}, **dict.fromkeys(schedulable)}},
        }},
    })  # fmt: skip


def node(site: Site, name: str) -> dict[str, Any]:
    """A node as the API has it."""
    found: dict[str, Any] = json.loads(site.run("cp1", f"{KUBECTL} get node {name} -o json"))
    return found


def taints(site: Site, name: str) -> set[str]:
    """KEY=VALUE:EFFECT."""
    return {
        f"{its['key']}={its.get('value', '')}:{its['effect']}"
        for its in node(site, name)["spec"].get("taints", [])
    }


def test_all_that_is_in_the_way_is_said_at_once(site: Site):
    """Two kinds of firewall, a taken port, a resolver that loops, cloned machines: by `check`, and
    by `apply`, which touches nothing."""
    site.memory.update(site.look_at_all())
    site.run("cp1", "iptables -A INPUT -p tcp --dport 6443 -j DROP")
    site.run("w1", """
        iptables -A INPUT -p tcp --dport 10250 -j REJECT
        cp -a /etc/machine-id /etc/resolv.conf /root/
        systemd-run --quiet --unit=foreign --collect socat TCP-LISTEN:10256,fork,reuseaddr EXEC:cat
        for _ in $(seq 100); do ss -Hltn sport = :10256 | grep -q . && break; sleep 0.1; done
        echo 'nameserver 127.0.0.1' >/etc/resolv.conf
    """)  # fmt: skip
    site.run("w1", f"echo {site.run('cp1', 'cat /etc/machine-id').strip()} >/etc/machine-id")
    words = (
        "cp1: port 6443 (the API) cannot be reached from w1: no answer",
        "w1: port 10250 (kubelets) cannot be reached from cp1: refused although something listens",
        "w1: port 10256 is taken by `socat`, kube-proxy needs it",
        "w1: nameserver 127.0.0.1 in /etc/resolv.conf leads pods and CoreDNS back",
        "is shared by cp1, w1",
        "let 6443/tcp through",
    )
    site.kprov("check", site.inventory).exits(1).says(*words)
    site.kprov("apply", site.inventory, "--yes").exits(1).says(*words[:1], "cannot be reached")
    site.run("cp1", "iptables -D INPUT -p tcp --dport 6443 -j DROP")
    site.run("w1", """
        iptables -D INPUT -p tcp --dport 10250 -j REJECT
        cp -a /root/machine-id /root/resolv.conf /etc/ && rm /root/machine-id /root/resolv.conf
        systemctl stop foreign.service
    """)  # fmt: skip


def test_fresh_hosts_reach_each_other(site: Site):
    """Nothing of Kubernetes listens yet, and still it is known: no error, nothing untested, and
    nothing is left of the test."""
    done = site.kprov("check", site.inventory, "-o", "json").exits(0)
    said = [its["what"] for its in done.data["findings"]]
    assert not [what for what in said if "not tested" in what or "reached" in what]
    for host, now in site.look_at_all().items():
        now.same_as(site.memory[host])


def test_apply(site: Site):
    """Nodes are registered with their taints, and carry what the inventory declares."""
    done = site.kprov("apply", site.inventory, "--yes", "-o", "json").exits(0)
    assert done.data["ok"]
    unchanged(site)
    w1, cp1 = node(site, "w1"), node(site, "cp1")
    assert w1["metadata"]["labels"].items() >= W1["node_labels"].items()
    assert w1["metadata"]["annotations"].items() >= W1["node_annotations"].items()
    assert w1["status"]["capacity"]["pods"] == "50"
    assert cp1["status"]["capacity"]["pods"] == "110"
    assert taints(site, "w1") == {"dedicated=batch:PreferNoSchedule"}
    assert "node-role.kubernetes.io/control-plane" in cp1["metadata"]["labels"]
    assert any("node-role" in its and "NoSchedule" in its for its in taints(site, "cp1"))
    site.kprov("check", site.inventory).exits(0)


def test_what_somebody_changes_is_shown_and_repaired(site: Site):
    """What kprov has set; labels and taints of others are no drift and stay."""
    site.run("cp1", f"""
        {KUBECTL} label node w1 zone=b --overwrite && {KUBECTL} label node w1 theirs=x
        {KUBECTL} taint node w1 dedicated- && {KUBECTL} taint node w1 theirs=y:PreferNoSchedule
        {KUBECTL} annotate node w1 example.com/note- example.com/theirs=z
    """)  # fmt: skip
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says("node:w1 set label zone=a in place of b", "set annotation example.com/note")
    plan.says("set taint dedicated:PreferNoSchedule=batch", "1 changes on 1 host, 0 restarts")
    converged(site)
    metadata = node(site, "w1")["metadata"]
    assert metadata["labels"].items() >= {**W1["node_labels"], "theirs": "x"}.items()
    assert metadata["annotations"]["example.com/theirs"] == "z"
    assert taints(site, "w1") == {"dedicated=batch:PreferNoSchedule", "theirs=y:PreferNoSchedule"}


def test_what_is_no_longer_declared_goes(site: Site):
    """Labels, annotations and taints of the inventory's, a control plane's taint when it takes pods
    as well; only the kubelet whose settings have changed is restarted."""
    since = "systemctl show -P ActiveEnterTimestampMonotonic kubelet.service"
    before = {host: site.run(host, since) for host in HOSTS}
    write(site, {"node_labels": {"zone": "c"}, "kubelet_config": {"maxPods": 60}})
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says("set label zone=c in place of a", "remove label example.com/disk", "+maxPods: 60")
    plan.says("remove taint dedicated:PreferNoSchedule", "remove annotation example.com/note")
    converged(site)
    labels = node(site, "w1")["metadata"]["labels"]
    assert (labels["zone"], labels["theirs"]) == ("c", "x")
    assert "example.com/disk" not in labels
    assert taints(site, "w1") == {"theirs=y:PreferNoSchedule"}
    after = {host: site.run(host, since) for host in HOSTS}
    assert (after["cp1"] == before["cp1"], after["w1"] == before["w1"]) == (True, False)
    write(site, {"node_labels": {"zone": "c"}}, "cp1")
    converged(site)
    assert taints(site, "cp1") == set()
    assert "node-role.kubernetes.io/control-plane" in node(site, "cp1")["metadata"]["labels"]


def test_it_still_works(site: Site):
    """After all of that."""
    verified(site, "pod", "pod-network", "cluster-ip")
    unchanged(site)
