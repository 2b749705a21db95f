"""Preflight: each check finds what it is for, on every host at once, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kprov.core.preflight import Certificate, foreign_authorities, preflight
from kprov.inventory import load
from kprov.model.change import Action, Change
from kprov.model.facts import Facts
from kprov.model.host import Inventory
from kprov.model.plan import Plan, Step
from kprov.model.resource import Resource
from tests.unit.engine.fake_host import FakeHost
from tests.unit.inventory_text import THREE_HOSTS


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """One control plane and two workers."""
    (tmp_path / "i.yaml").write_text(THREE_HOSTS)
    return load(tmp_path / "i.yaml", overrides=[], environ={})


def seen(**changed: dict[str, str]) -> dict[str, Facts]:
    """Facts of good hosts, some of them changed."""
    return {name: Facts(FakeHost(name, changed.get(name, {})).facts, {})
            for name in ("cp1", "w1", "w2")}  # fmt: skip


def test_good_hosts(inventory: Inventory) -> None:
    """Nothing to say."""
    assert preflight(inventory, seen()) == ()


def test_the_local_load_balancer_needs_its_port(tmp_path: Path) -> None:
    """On every node, where there is more than one control plane."""
    two = THREE_HOSTS.replace(
        "11}}", "11}, cp2: {ansible_host: 192.0.2.12}, cp3: {ansible_host: 192.0.2.13}}"
    )
    (tmp_path / "i.yaml").write_text(two)
    inventory = load(tmp_path / "i.yaml", overrides=[], environ={})
    (found,) = preflight(inventory, seen(w1={"listening": "6444=nginx"}))
    assert found.what == "port 6444 is taken by `nginx`, haproxy needs it"


@pytest.mark.parametrize(
    ("host", "facts", "level", "what"),
    [
        ("w1", {"kernel": "FreeBSD 14.1"}, "error", "runs FreeBSD 14.1, expected Linux"),
        ("w1", {"systemd": "no"}, "error", "systemd does not run here"),
        ("w1", {"arch": "riscv64"}, "error", "architecture riscv64, expected x86_64 or aarch64"),
        ("w1", {"tool_tar": "no", "tool_gzip": ""}, "error", "missing: tar, gzip"),
        ("w1", {"kernel": "Linux 3.10.0-1160.el7"}, "warning", "kernel 3.10.0 is older than 4.19"),
        ("w1", {"memory_mb": "512"}, "error", "512 MB of memory, expected at least 700"),
        ("cp1", {"memory_mb": "1024"}, "error", "1024 MB of memory, expected at least 1500"),
        ("cp1", {"cpus": "1"}, "warning", "1 CPU, a control plane wants 2"),
        ("w1", {"disk_var_free_mb": "900"}, "error", "900 MB free in /var/lib, expected at least"),
        ("w1", {"disk_opt_free_mb": "900"}, "error", "900 MB free in /opt, expected at least 2500"),
        (
            "w1", {"disk_opt_free_mb": "90", "owned": "yes"}, "error",
            "90 MB free in /opt: nothing can be written safely",
        ),
        (
            "cp1", {"listening": "22=sshd 6443=haproxy"}, "error",
            "port 6443 is taken by `haproxy`, kube-apiserver needs it",
        ),
        ("cp1", {"listening": "2379=?"}, "error", "port 2379 is taken by another program, etcd"),
        ("w1", {"listening_hex": "0016 280A"}, "error", "port 10250 is taken by another program"),
        ("w1", {"processes": "sshd kubelet "}, "error", "another Kubernetes or etcd is here: "),
        ("w1", {"processes": "k3s-server"}, "error", "another Kubernetes or etcd is here: k3s-"),
        (
            "w1", {"kubernetes_files": "/etc/rancher /var/lib/rancher"}, "error",
            "another Kubernetes or etcd is here: /etc/rancher, /var/lib/rancher",
        ),
        (
            "w1", {"routes": "default@eth0 10.244.7.0/24@eth1"}, "error",
            "the host's route 10.244.7.0/24 overlaps cluster.network.pods 10.244.0.0/16",
        ),
        (
            "w1", {"routes": "10.0.0.0/8@eth1", "owned": "no"}, "error",
            "the host's route 10.0.0.0/8 overlaps cluster.network.pods",
        ),
        ("w1", {"cgroup": "v1"}, "warning", "cgroup v1, which kubelets from v1.35 on"),
        ("w1", {"swap": "1"}, "warning", "swap is on: apply turns it off"),
        ("w1", {"tool_iptables": "no"}, "error", "iptables is missing"),
        ("w1", {"read_only": "/etc /opt /var/lib"}, "error", "the login has not root's rights"),
        ("w1", {"read_only": "/usr/local/bin"}, "error", "in /usr/local/bin, which cannot"),
        ("w1", {"nameservers": "127.0.0.1"}, "error", "nameserver 127.0.0.1 in /etc/resolv"),
        ("w1", {"nameservers": "192.0.2.1 ::1%lo"}, "error", "nameserver ::1%lo in "),
        ("w1", {"nameservers": "10.96.0.10"}, "error", "nameserver 10.96.0.10 in /etc/resolv.conf"),
        ("w1", {"nameservers": "127.0.0.53", "owned": "yes"}, "warning", "nameserver 127.0.0.53"),
        ("w1", {"nameservers": ""}, "warning", "no nameserver in /etc/resolv.conf: pods resolve"),
        ("w1", {"nameservers": "1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4"}, "warning", "4 nameservers in "),
        (
            "w1", {"interfaces": "eth0=1500=10.0.0.5 eth1=1500=10.1.0.5"}, "error",
            "has no address 192.0.2.21; it has 10.0.0.5, 10.1.0.5",
        ),
        ("w1", {"selinux": "enforcing"}, "warning", "SELinux is enforcing, without a policy for"),
        ("w1", {"apparmor": "on"}, "warning", "AppArmor is on, but /sbin/apparmor_parser is"),
        ("w1", {"modules_lacking": "br_netfilter "}, "error", "the kernel has no module br_netf"),
        ("w1", {"modules_lacking": "ip_vs ip_vs_rr"}, "warning", "the kernel has no module ip_vs"),
        (
            "w1", {"ephemeral_ports": "1024-65535"}, "warning",
            "the kernel hands out ports 1024-65535 to connections, NodePorts are 30000-32767",
        ),
        ("w1", {"ephemeral_ports": "32000-60999 32000-32700,40000"}, "warning", "the kernel hands"),
    ],
)  # fmt: skip
def test_each_check(
    inventory: Inventory, host: str, facts: dict[str, str], level: str, what: str
) -> None:
    """The host is named, with what was found and what was expected."""
    findings = preflight(inventory, seen(**{host: facts}))
    assert {its.host for its in findings} == {host}
    assert what in findings[0].what
    assert findings[0].level == level


@pytest.mark.parametrize(
    "facts",
    [
        {"listening": "22=sshd 111=rpcbind 8080=nginx"},
        {"processes": "dockerd containerd sshd"},
        {"routes": "default@eth0 0.0.0.0/0@eth0 192.0.2.0/24@eth0 unreachable@"},
        {"memory_mb": ""},
        {"kernel": "Linux 6.12.0-rc3+"},
        {"kernel": "Linux strange"},
        {"ephemeral_ports": "1024-65535 8080,29000-33000", "selinux": "permissive"},
        {"ephemeral_ports": "strange 1-x", "nameservers": "strange fe80::1%eth0 192.0.2.53"},
        {"selinux": "enforcing", "selinux_containers": "yes"},
        {"interfaces": "eth0=1500=192.0.2.21,2001:db8::21 strange = x=y"},
        {"apparmor": "on", "tool_apparmor_parser": "yes", "macs": "eth0 =x eth1=", "routes": "@"},
        {"cgroup": "v1", "owned": "yes", "swap": "0", "listening": "10250=kubelet 10256=kube-proxy",
         "routes": "10.244.1.0/24@cni0", "processes": "kubelet kube-proxy",
         "kubernetes_files": "/etc/systemd/system/kubelet.service"},
    ],
)  # fmt: skip
def test_what_is_no_problem(inventory: Inventory, facts: dict[str, str]) -> None:
    """Other programs, other routes, facts a host does not tell, and kprov's own work."""
    errors = [its for its in preflight(inventory, seen(w1=facts)) if its.level == "error"]
    assert errors == []


def test_findings_of_all_hosts_come_at_once_errors_first(inventory: Inventory) -> None:
    """Nobody mends one and meets the next."""
    findings = preflight(
        inventory,
        seen(cp1={"swap": "1", "memory_mb": "100"}, w1={"systemd": "no"}, w2={"arch": "mips"}),
    )
    assert [(its.host, its.level) for its in findings] == [
        ("cp1", "error"), ("w1", "error"), ("w2", "error"), ("cp1", "warning")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "level"), [("hostname", "error"), ("machine_id", "error"), ("product_uuid", "warning")]
)
def test_cloned_machines(inventory: Inventory, fact: str, level: str) -> None:
    """Both are named, with the way to mend it."""
    findings = preflight(inventory, seen(w1={fact: "same"}, w2={fact: "same"}))
    assert [(its.host, its.level) for its in findings] == [("w1", level), ("w2", level)]
    assert findings[0].what == f"{fact} same is shared by w1, w2"
    assert findings[0].hint


def test_cloned_interfaces(inventory: Inventory) -> None:
    """Those that routes lead to; bridges of containers have the same address everywhere."""
    facts = {"routes": "default@192.0.2.1 192.0.2.0/24@eth0",
             "macs": "eth0=52:54:00:00:00:01 virbr0=02:42:00:00:00:01"}  # fmt: skip
    findings = preflight(inventory, seen(cp1=facts, w2=facts))
    assert [(its.host, its.level) for its in findings] == [("cp1", "warning"), ("w2", "warning")]
    assert findings[0].what == "MAC address 52:54:00:00:00:01 is shared by cp1, w2"


def test_packet_sizes(inventory: Inventory) -> None:
    """The one that differs from the others."""
    hosts = (("cp1", 11, 1500), ("w1", 21, 9000), ("w2", 22, 1500))
    facts = {name: {"interfaces": f"eth0={mtu}=192.0.2.{last}"} for name, last, mtu in hosts}
    (finding,) = preflight(inventory, seen(**facts))
    assert (finding.host, finding.level) == ("w1", "warning")
    assert "its MTU is 9000, that of most others 1500" in finding.what


def test_a_kubelet_with_a_resolver_file_of_its_own(tmp_path: Path) -> None:
    """The host's nameservers are not the pods' then."""
    text = THREE_HOSTS.replace(
        "192.0.2.21", "192.0.2.21, kubelet_config: {resolvConf: /etc/own.conf}"
    )
    (tmp_path / "i.yaml").write_text(text)
    inventory = load(tmp_path / "i.yaml", overrides=[], environ={})
    loop = {"nameservers": "127.0.0.1"}
    findings = preflight(inventory, seen(w1=loop, w2=loop))
    assert [its.host for its in findings] == ["w2"]


def test_modules_of_a_kernel_that_was_replaced(inventory: Inventory) -> None:
    """The usual reason, and what to do."""
    facts = {"modules_lacking": "overlay", "modules_folder": "no", "kernel": "Linux 6.1.0-9-amd64"}
    (finding,) = preflight(inventory, seen(w1=facts))
    assert finding.hint.startswith("/lib/modules/6.1.0-9-amd64 is gone: reboot")


@pytest.mark.parametrize(
    ("kind", "days", "level", "what"),
    [
        ("authority", 200, "", ""),
        ("authority", 100, "warning", "the etcd authority ends on 2026-04-11"),
        ("kubelet", 100, "", ""),
        ("kubelet", 30, "warning", "the kubelet's certificate ends on 2026-01-31"),
        ("kubelet", -1, "error", "the kubelet's certificate has ended on 2025-12-31"),
    ],
)
def test_certificates(inventory: Inventory, kind: str, days: int, level: str, what: str) -> None:
    """Authorities half a year before, kubelets when they should have renewed theirs."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    end = now + timedelta(days=days)
    its = Certificate(kind, "w1", "etcd", end - timedelta(days=365), end)  # type: ignore[arg-type]
    findings = preflight(inventory, seen(), (its,), now)
    assert [(its.level, its.what) for its in findings] == ([(level, what)] if what else [])


def test_a_clock_that_is_off(inventory: Inventory) -> None:
    """The one host that differs from the others, in seconds."""
    facts = seen()
    facts["w2"] = replace(facts["w2"], clock_offset=95.0)
    (finding,) = preflight(inventory, facts)
    assert (finding.host, finding.what) == ("w2", "its clock is +95 s off the others")


def test_the_controllers_own_clock(inventory: Inventory) -> None:
    """When all hosts agree against it."""
    facts = {name: replace(its, clock_offset=-300.0) for name, its in seen().items()}
    (finding,) = preflight(inventory, facts)
    assert finding.host == "controller"
    assert "-300 s off this computer's" in finding.what


def test_no_hosts(inventory: Inventory) -> None:
    """None could be looked at."""
    assert preflight(inventory, {}) == ()


def test_authorities_of_another_state_folder() -> None:
    """Never overwritten: the host and the files are named."""
    ca = Resource("file", "/ca.crt", {"sha256": "1"}, {"authority": True})
    mode = Change(ca, Action.UPDATE, {"mode": "0600"}, ("mode",))
    other = Change(ca, Action.UPDATE, {"sha256": "2"}, ("sha256",))
    steps = (Step(0, "a", ("os",), (other,)), Step(1, "b", ("os",), (mode,)))
    (finding,) = foreign_authorities(Plan(steps))
    assert finding.host == "a"
    assert "/ca.crt" in finding.what
    assert "--state" in finding.hint


# --- the network between them

ONE_L2 = {"routes": "default@192.0.2.1 192.0.2.0/24@eth0"}
ROUTED = {"routes": "default@192.0.2.1 192.0.2.20/30@eth0"}


def network(inventory: Inventory, **changed: str) -> Inventory:
    """The same inventory with another network."""
    network = inventory.cluster.network.model_copy(update=changed)
    return replace(inventory, cluster=inventory.cluster.model_copy(update={"network": network}))


def test_routes_need_one_l2(inventory: Inventory) -> None:
    """A node that reaches another through a router is named, and so is what works there."""
    assert preflight(inventory, seen(cp1=ONE_L2, w1=ONE_L2, w2={"routes": ""})) == ()
    (finding,) = preflight(inventory, seen(cp1=ONE_L2, w1=ROUTED))
    assert (finding.host, finding.level) == ("w1", "error")
    assert finding.what == "reaches through a router only: cp1 (192.0.2.11)"
    assert "vxlan" in finding.hint
    assert preflight(network(inventory, cni="vxlan"), seen(w1=ROUTED)) == ()


@pytest.mark.parametrize(
    ("network_spec", "facts", "what"),
    [
        ({"cni": "vxlan"}, {"modules_lacking": "vxlan"}, "the kernel has no vxlan"),
        ({"cni": "vxlan"}, {"tool_bridge": ""}, "`bridge` is missing"),
        ({"proxy": "ipvs"}, {"modules_lacking": "ip_vs ip_vs_rr"}, "the kernel has no IPVS"),
        ({"proxy": "nftables"}, {"kernel": "Linux 5.10.0-28"}, "kernel 5.10.0-28 is older than 5"),
        (
            {"proxy": "nftables"}, {"tool_nft": "yes", "nft_version": "0.9.8"},
            "nft 0.9.8 is older than 1.0.1",
        ),
        ({"proxy": "nftables"}, {"tool_nft": "yes", "nft_version": ""}, "`nft` does not work"),
    ],
)  # fmt: skip
def test_what_a_network_needs(
    inventory: Inventory, network_spec: dict[str, str], facts: dict[str, str], what: str
) -> None:
    """A kernel or a tool that is not there is found before anything is touched."""
    finding, *others = preflight(network(inventory, **network_spec), seen(w1=facts))
    assert (finding.host, finding.level) == ("w1", "error")
    assert what in finding.what
    assert all(its.level == "warning" for its in others)
    assert preflight(network(inventory, **network_spec), seen()) == ()
