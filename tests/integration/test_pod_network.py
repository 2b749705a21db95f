"""The script of the pod network, run by real shells in network namespaces of its own.

Two nodes on two networks, a router between them: what the script makes, notices, mends, leaves.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.golden.world import resources, world

NODES = {"w1": "10.97.131.12", "w2": "10.97.132.13"}
ROUTER = "kprov-t-router"
INVENTORY = """\
cluster: {network: {cni: vxlan}}
all:
  children:
    kube_control_plane: {hosts: {w1: {ansible_host: 10.97.131.12}}}
    kube_node: {hosts: {w1: {}, w2: {ansible_host: 10.97.132.13}}}
"""

Call = Callable[[str, str], int]


def succeeds(command: str, space: str = "") -> bool:
    """Whether a command works, in a node's network namespace or outside."""
    words = shlex.split(f"ip netns exec kprov-t-{space} {command}" if space else command)
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def out(command: str, space: str) -> str:
    """What a command in a node's namespace says; AssertionError when it does not work."""
    words = shlex.split(f"ip netns exec kprov-t-{space} {command}")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def nodes() -> Iterator[None]:
    """Two namespaces, and a third that routes between them; gone afterwards."""
    if os.geteuid() != 0:
        pytest.fail("needs root, for network namespaces: run `make test` as root or with sudo")
    spaces = ("router", *NODES)
    try:
        for space in spaces:
            succeeds(f"ip netns delete kprov-t-{space}")
            assert succeeds(f"ip netns add kprov-t-{space}")
        out("sysctl -q net.ipv4.ip_forward=1", "router")
        for node, address in NODES.items():
            gateway = f"{address.rpartition('.')[0]}.254"
            out(f"ip link add {node} type veth peer name eth0 netns kprov-t-{node}", "router")
            out(f"ip address add {gateway}/24 dev {node}", "router")
            out(f"ip link set {node} up", "router")
            out(f"ip address add {address}/24 dev eth0", node)
            out("ip link set eth0 up", node)
            out(f"ip route add default via {gateway}", node)
            # Stands for the bridge that the first pod brings
            pods = f"10.244.{list(NODES).index(node)}.1/24"
            out("ip link add cni0 type bridge", node)
            out(f"ip address add {pods} dev cni0", node)
            out("ip link set cni0 up", node)
        yield
    finally:
        for space in spaces:
            succeeds(f"ip netns delete kprov-t-{space}")


@pytest.fixture(params=["dash", "bash --posix"])
def script(request: pytest.FixtureRequest, nodes: None, tmp_path: Path) -> Iterator[Call]:
    """`script(NODE, WORD)`: the script as the role writes it, run by a shell; its exit status."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    its = world(tmp_path / "inventory.yaml", [], {})
    for node in NODES:
        path = "file:/opt/kprov/lib/pod-network"
        found = next(r for group in resources(its, node).values() for r in group if r.id == path)
        assert found.content is not None
        (tmp_path / node).write_bytes(found.content.data)

    def call(node: str, word: str) -> int:
        words = shlex.split(
            f"ip netns exec kprov-t-{node} {request.param} {tmp_path / node} {word}"
        )
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert not done.stderr, done.stderr
        return done.returncode

    yield call
    for node in NODES:
        call(node, "stop")


def state(node: str) -> list[str]:
    """Everything that the script may change, without what counts or ages."""
    commands = ("ip route", "ip -o link", "ip neighbour show nud permanent", "iptables-save")
    text = "\n".join(out(command, node) for command in commands)
    return sorted(
        line
        for line in text.splitlines()
        if line and not line.startswith(("#", ":", "*", "COMMIT"))
    )


def test_from_nothing_to_nothing(script: Call) -> None:
    """Pods' networks reach each other across the router; every drift is seen and mended."""
    before = {node: state(node) for node in NODES}
    for node in NODES:
        assert script(node, "check") == 1
        assert script(node, "start") == 0
        assert script(node, "check") == 0
    # A full packet of a pod from one pod network to the other
    assert succeeds("busybox ping -c 1 -W 2 -s 1422 -I 10.244.0.1 10.244.1.1", "w1")
    assert succeeds("busybox ping -c 1 -W 2 10.244.0.1", "w2"), "from a node itself"

    whole = state("w1")
    forward = next(line for line in out("bridge fdb show dev kprov-pods", "w1").splitlines())
    for damage in (
        f"bridge fdb delete {forward.split()[0]} dev kprov-pods dst {NODES['w2']}",
        "ip neighbour delete 10.244.1.0 dev kprov-pods",
        "ip route delete 10.244.1.0/24",
        "ip route add 10.244.9.0/24 via 10.244.1.0 dev kprov-pods onlink proto 75",
        "ip address delete 10.244.0.0/32 dev kprov-pods",
        "ip link set kprov-pods mtu 1300",
        "ip link delete kprov-pods",
        "iptables -F FORWARD",
        "iptables -t nat -F",
    ):
        out(damage, "w1")
        assert script("w1", "check") == 1, damage
        assert script("w1", "start") == 0
        assert script("w1", "check") == 0, damage
    assert [line for line in state("w1") if "kprov-pods" not in line] == [
        line for line in whole if "kprov-pods" not in line
    ]
    assert succeeds("busybox ping -c 1 -W 2 -I 10.244.0.1 10.244.1.1", "w1")

    for node in NODES:
        assert script(node, "stop") == 0
        assert script(node, "stop") == 0
        assert state(node) == before[node]


def test_what_is_right_is_left_alone(script: Call) -> None:
    """A second start sends the kernel no change: nothing that runs notices."""
    assert script("w1", "start") == 0
    monitor = subprocess.Popen(
        shlex.split("ip netns exec kprov-t-w1 ip monitor route link address neigh"),
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert script("w1", "start") == 0
        out("ip link add marker type bridge", "w1")
        assert monitor.stdout is not None
        assert "marker" in monitor.stdout.readline(), "the first change is ours"
    finally:
        monitor.kill()
        monitor.wait()
        out("ip link delete marker", "w1")
    assert script("w1", "stop") == 0


def test_shellcheck(tmp_path: Path) -> None:
    """What the role writes is clean, with a tunnel and with routes."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    for cni in ("vxlan", "bridge"):
        its = world(tmp_path / "inventory.yaml", [f"cluster.network.cni={cni}"], {})
        path = "file:/opt/kprov/lib/pod-network"
        found = next(r for group in resources(its, "w1").values() for r in group if r.id == path)
        assert found.content is not None
        (tmp_path / cni).write_bytes(found.content.data)
        done = subprocess.run(
            ("shellcheck", str(tmp_path / cni)), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
