"""Machines that really boot: systemd, sshd, a network. Needs root and `make system`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kprov.engine.cache import cache_root
from kprov.machines import (
    LocalSpec,
    Machine,
    Network,
    Started,
    down,
    listing,
    private_key,
    start,
    stop,
    up,
)
from kprov.machines import network as machines_network
from kprov.machines.folders import RUN, Folders
from kprov.model.errors import LocalMachineError, ProblemsError
from kprov.model.secret import Secret

pytestmark = pytest.mark.e2e

BRIDGE = "kprovtest0"
RANGE = "10.97.7"


def spec(count: int = 1, cluster: str = "machinestest") -> LocalSpec:
    """As many machines as asked for: n1, n2, ..."""
    machines = tuple(Machine(f"n{i}", f"{RANGE}.{10 + i}") for i in range(1, count + 1))
    return LocalSpec(cluster, machines, Network(BRIDGE, f"{RANGE}.1/24"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of our own, whose base images are the shared ones: building one takes a minute."""
    shared = Folders(cache_root()).images
    shared.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = tmp_path_factory.mktemp("cache")
    (own / "local").mkdir()
    (own / "local/images").symlink_to(shared)
    return own


@pytest.fixture(autouse=True)
def _clean(cache: Path) -> Iterator[None]:
    yield
    down("machinestest", cache=cache, report=silent)


def silent(line: str) -> None:
    """A report that nobody reads."""


def boot(wanted: LocalSpec, cache: Path) -> tuple[Started, ...]:
    """`up` without its words."""
    return up(wanted, cache=cache, report=silent)


@dataclass(frozen=True)
class Ssh:
    """The `ssh` program with our key; it knows the machines' host keys and no others."""

    key: Path
    known_hosts: Path

    def __call__(
        self, address: str, command: str, user: str = "root", stdin: str = "", jump: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command; the caller judges the result."""
        common = ["-i", str(self.key), "-F", "none", "-o", "IdentitiesOnly=yes",
                  "-o", f"UserKnownHostsFile={self.known_hosts}", "-o", "BatchMode=yes",
                  "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10"]  # fmt: skip
        proxy = []
        if jump:
            proxy = ["-o", f"ProxyCommand={' '.join(['ssh', *common, '-W', '%h:%p', jump])}"]
        return subprocess.run(
            ["ssh", *common, *proxy, f"{user}@{address}", command],
            input=stdin, text=True, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    def out(self, address: str, command: str) -> str:
        """What root's command printed; it must succeed."""
        done = self(address, command)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def ssh(cache: Path, machines: tuple[Started, ...], folder: Path) -> Ssh:
    """An ssh that trusts exactly the host keys that `up` gave."""
    known_hosts = folder / "known_hosts"
    known_hosts.write_text("".join(f"{m.address} {m.host_key}\n" for m in machines))
    return Ssh(private_key(cache), known_hosts)


def until(what: str, condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for a condition; fail with `what` when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.05)


def traces(cluster: str, cache: Path) -> dict[str, list[str]]:
    """All that a cluster of ours could leave on this computer, by kind, as it is now."""
    words = (str(cache), f"kprov.{cluster}.", BRIDGE)
    ours = {f"vb-{machines_network.unplug(cluster, f'n{i}')}" for i in range(9)} | {BRIDGE}
    return {
        "mounts": [m for m in Path("/proc/mounts").read_text().splitlines() if has(m, words)],
        "links": sorted(ours & {link.name for link in Path("/sys/class/net").iterdir()}),
        "processes": [p for p in processes() if has(p, words)],
        "cgroups": [str(p) for p in Path("/sys/fs/cgroup").glob(f"**/kprov.{cluster}.*")],
        "rules": [r for r in run("iptables", "-S").splitlines() if has(r, (cluster, BRIDGE))],
        "run": [str(p) for p in (RUN / cluster, *Path("/run/systemd/nspawn").glob("*/*"))
                if p.exists()],
        "data": [str(p) for p in (cache / "local").glob(f"clusters/{cluster}")],
        "partial": [str(p) for p in (cache / "local").glob("images/*.partial")],
    }  # fmt: skip


def has(text: str, words: tuple[str, ...]) -> bool:
    """Whether one of the words is in the text."""
    return any(word in text for word in words)


def processes() -> list[str]:
    """Command line and environment of every process but this one's family."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:  # it ended while we looked
            continue
        if b"pytest" not in line:
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


def run(*argv: str) -> str:
    """What a program printed."""
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_machine_boots_to_a_plain_server(cache: Path, tmp_path: Path) -> None:
    """systemd says running, nothing failed; it has its name, its key, its clean slate."""
    machines = boot(spec(2), cache)
    shell = ssh(cache, machines, tmp_path)
    first, second = (machine.address for machine in machines)
    assert shell.out(first, "systemctl is-system-running --wait") == "running"
    assert shell.out(first, "systemctl --failed --no-legend") == ""
    assert shell.out(first, "hostname") == "n1"
    assert shell.out(first, "getent hosts n2").split() == [second, "n2"]
    assert shell.out(first, "cat /etc/machine-id") != shell.out(second, "cat /etc/machine-id")
    assert shell.out(first, "ls /etc/ssh/ssh_host_*_key") == "/etc/ssh/ssh_host_ed25519_key"
    assert shell.out(first, "ls /etc/apt/sources.list /etc/apt/sources.list.d/* || true") == ""
    assert shell.out(first, "getent shadow root | cut -d: -f2").startswith(("!", "*"))
    assert "default via 10.97.7.1" in shell.out(first, "ip route")
    assert shell.out(first, "tail -n +2 /proc/swaps") == ""
    assert shell.out(first, "findmnt -n -o FSTYPE /proc/swaps") == "tmpfs"
    assert Path(f"/proc/{machines[0].leader}/comm").read_text() == "systemd\n"


def test_machine_can_do_what_containers_need(cache: Path, tmp_path: Path) -> None:
    """Namespaces, overlay on the data folders, control groups, sysctls, shared mounts, bridges."""
    shell = ssh(cache, machines := boot(spec(), cache), tmp_path)
    shell.out(
        machines[0].address,
        r"""set -eu
        unshare --mount --pid --net --ipc --uts --cgroup --fork --mount-proc true
        for folder in containerd kubelet etcd kprov; do
            [ "$(stat -f -c %T /var/lib/$folder)" != overlayfs ]
        done
        cd /var/lib/containerd
        mkdir l u w m
        mount -t overlay overlay -o lowerdir=l,upperdir=u,workdir=w m
        umount m
        [ "$(findmnt -n -o PROPAGATION /)" = shared ]
        ip link add cni0 type bridge
        sysctl -q -w net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
        [ -d /sys/module/bridge ]
        iptables -t nat -A POSTROUTING -s 10.244.0.0/16 -j MASQUERADE
        nft list ruleset >/dev/null
        dd if=/dev/kmsg of=/dev/null bs=8k count=1 iflag=nonblock 2>/dev/null
        for tree in $(awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts); do
            case $tree in */systemd) continue ;; esac
            mkdir "$tree/kubepods"
            rmdir "$tree/kubepods"
        done
        """,
    )


def test_machines_have_control_groups_of_their_own(cache: Path, tmp_path: Path) -> None:
    """A group that one machine makes is not seen by the other: pods of two kubelets stay apart."""
    machines = boot(spec(2), cache)
    shell = ssh(cache, machines, tmp_path)
    find = "find /sys/fs/cgroup -maxdepth 2 -name kubepods"
    make = "d=/sys/fs/cgroup; [ ! -d $d/memory ] || d=$d/memory; mkdir $d/kubepods"
    shell.out(machines[0].address, make)
    assert shell.out(machines[0].address, find) != ""
    assert shell.out(machines[1].address, find) == ""


def test_up_is_idempotent_and_grows(cache: Path, tmp_path: Path) -> None:
    """A second run touches nothing; a larger one boots what is missing and introduces everyone."""
    (before,) = boot(spec(1), cache)
    (again,) = boot(spec(1), cache)
    assert before.fresh
    assert (again.leader, again.fresh, again.host_key) == (before.leader, False, before.host_key)
    machines = boot(spec(2), cache)
    assert [machine.fresh for machine in machines] == [False, True]
    shell = ssh(cache, machines, tmp_path)
    assert shell.out(machines[0].address, "getent hosts n2").split()[0] == machines[1].address


def test_stopped_machine_keeps_its_disk(cache: Path, tmp_path: Path) -> None:
    """Shut down or power cut: the same files and host key afterwards; the other machine goes on."""
    machines = boot(spec(2), cache)
    shell = ssh(cache, machines, tmp_path)
    shell.out(machines[0].address, "echo kept | tee /root/note /var/lib/etcd/note; sync")
    for power_cut in (False, True):
        stop("machinestest", "n1", cache=cache, report=silent, power_cut=power_cut)
        assert [m.state for m in listing(cache)] == ["stopped", "running"]
        again = start("machinestest", "n1", cache=cache, report=silent)
        assert again.fresh
        notes = shell.out(again.address, "cat /root/note /var/lib/etcd/note")
        assert notes.split() == ["kept", "kept"]
    assert [m.state for m in listing(cache)] == ["running", "running"]
    assert boot(spec(2), cache)[1].leader == machines[1].leader


def test_machine_reboots_by_itself(cache: Path, tmp_path: Path) -> None:
    """`reboot` on the machine: it comes back with its address and a new boot id."""
    (machine,) = boot(spec(), cache)
    shell = ssh(cache, (machine,), tmp_path)
    read = "cat /proc/sys/kernel/random/boot_id"
    before = shell.out(machine.address, read)
    shell(machine.address, "systemctl reboot")

    def is_back() -> bool:
        done = shell(machine.address, read)
        return done.returncode == 0 and done.stdout.strip() != before

    until("the machine after its reboot", is_back)
    assert [m.state for m in listing(cache)] == ["running"]


def test_admin_becomes_root_by_password_through_a_bastion(cache: Path, tmp_path: Path) -> None:
    """A normal user with password sudo, reached over another machine; the password is asked for."""
    machines = boot(replace(spec(2), sudo_password=Secret("s3cret pass")), cache)
    shell = ssh(cache, machines, tmp_path)
    target, bastion = machines[1].address, f"admin@{machines[0].address}"
    refused = shell(target, "sudo -n true", user="admin", jump=bastion)
    assert "password is required" in refused.stderr
    asked = shell(target, "sudo -S -p '' id -u", user="admin", jump=bastion, stdin="s3cret pass\n")
    assert asked.stdout.strip() == "0", asked.stderr


def test_admin_has_no_rights_unless_asked_for(cache: Path, tmp_path: Path) -> None:
    """Without a password in the spec there is none that could be guessed."""
    (machine,) = boot(spec(), cache)
    shell = ssh(cache, (machine,), tmp_path)
    assert shell.out(machine.address, "getent shadow admin | cut -d: -f2") == "!"
    done = shell(machine.address, "sudo -S true", user="admin", stdin="admin\n")
    assert done.returncode != 0


def test_down_leaves_nothing(cache: Path) -> None:
    """Mounts, links, processes, control groups, rules, files: as before. A second one is fine."""
    mounts = Path("/proc/mounts").read_text()
    boot(spec(3), cache)
    found = traces("machinestest", cache)
    assert found["cgroups"]
    assert found["links"]
    assert found["data"]
    assert Path("/proc/mounts").read_text() == mounts
    down("machinestest", cache=cache, report=silent)
    assert not any(traces("machinestest", cache).values())
    assert Path("/proc/mounts").read_text() == mounts
    assert listing(cache) == ()
    down("machinestest", cache=cache, report=silent)


_UP = """
import sys
from pathlib import Path
from tests.integration.test_machines import spec, up
up(spec(3), cache=Path(sys.argv[1]), report=lambda line: print(line, flush=True))
"""


def killed_at(moment: str, cache: Path) -> None:
    """An `up` of three machines that gets kill -9 as soon as it says a certain thing."""
    process = subprocess.Popen(
        [sys.executable, "-c", _UP, str(cache)], stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout
    with process.stdout as lines:
        said = next((line for line in lines if re.search(moment, line)), None)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert said is not None


@pytest.mark.parametrize("moment", ["n1: boots", "n3: boots", "n[123]: ready"])
@pytest.mark.parametrize("then", ["down", "up"])
def test_killed_up_can_be_undone_and_repeated(cache: Path, moment: str, then: str) -> None:
    """kill -9 half way: `down` finds everything, `up` completes it."""
    killed_at(moment, cache)
    if then == "up":
        assert len(boot(spec(3), cache)) == 3
    down("machinestest", cache=cache, report=silent)
    assert not any(traces("machinestest", cache).values())


def test_killed_build_is_undone(tmp_path: Path) -> None:
    """kill -9 while the base image is built: debootstrap ends too, `down` removes the rest."""
    killed_at("downloads packages", tmp_path)
    until(
        "the end of debootstrap",
        lambda: not any(str(tmp_path) in line for line in processes()),
    )
    assert traces("machinestest", tmp_path)["partial"]
    down("machinestest", cache=tmp_path, report=silent)
    assert not any(traces("machinestest", tmp_path).values())


def test_killed_supervisor_does_not_hide_the_machine(cache: Path) -> None:
    """kill -9 of systemd-nspawn leaves init running: it is listed, and `down` ends it."""
    (machine,) = boot(spec(), cache)
    status = Path(f"/proc/{machine.leader}/status").read_text()
    supervisor = int(re.findall(r"^PPid:\s+(\d+)$", status, re.MULTILINE)[0])
    os.kill(supervisor, signal.SIGKILL)
    until("the end of systemd-nspawn", lambda: not alive(supervisor))
    assert [m.leader for m in listing(cache)] == [machine.leader]
    down("machinestest", cache=cache, report=silent)
    assert not any(traces("machinestest", cache).values())


def alive(pid: int) -> bool:
    """Whether a process runs, or only waits to be collected."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_time_out_shows_the_console(cache: Path) -> None:
    """Too little time: which machine, which address, and its last words; it may be repeated."""
    with pytest.raises(LocalMachineError, match=rf"n1: .* {RANGE}\.11:22 within 0 s.*console"):
        up(spec(), cache=cache, report=silent, seconds=0.01)
    assert len(boot(spec(), cache)) == 1


def test_machine_that_cannot_boot_is_reported_at_once(cache: Path) -> None:
    """init is broken: an error with the console's words, long before the time is up."""
    boot(spec(), cache)
    stop("machinestest", "n1", cache=cache, report=silent)
    init = Folders(cache).machine("machinestest", "n1") / "upper/usr/lib/systemd/systemd"
    init.parent.mkdir(parents=True)
    init.write_text("this is no program")
    began = time.monotonic()
    with pytest.raises(LocalMachineError, match=r"n1: it ended while it booted.*(?s:.*)execv"):
        start("machinestest", "n1", cache=cache, report=silent)
    assert time.monotonic() - began < 30


def test_bridge_name_of_somebody_else(cache: Path) -> None:
    """An interface with that name: refused, untouched, and nothing of ours is left."""
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        with pytest.raises(LocalMachineError, match=f"{BRIDGE} is there already"):
            boot(spec(), cache)
        down("machinestest", cache=cache, report=silent)
        assert Path(f"/sys/class/net/{BRIDGE}").exists()
        assert not (RUN / "machinestest").exists()
    finally:
        run("ip", "link", "delete", BRIDGE)


@pytest.mark.parametrize("use", ["address", "route"])
def test_address_range_in_use(cache: Path, use: str) -> None:
    """Another interface has the range, or a route to it: refused, and the interface named."""
    run("ip", "link", "add", "kprovtest1", "type", "bridge")
    try:
        run("ip", "link", "set", "kprovtest1", "up")
        if use == "address":
            run("ip", "address", "add", f"{RANGE}.129/25", "dev", "kprovtest1")
        else:
            run("ip", "route", "add", "10.97.0.0/20", "dev", "kprovtest1")
        with pytest.raises(LocalMachineError, match="kprovtest1"):
            boot(spec(), cache)
        assert not (RUN / "machinestest").exists()
    finally:
        run("ip", "link", "delete", "kprovtest1")


def test_a_running_cluster_keeps_its_network(cache: Path) -> None:
    """Another bridge, or another address for a machine that runs: refused with the way out."""
    boot(spec(), cache)
    with pytest.raises(LocalMachineError, match="kprov local down"):
        boot(replace(spec(), network=Network("kprovtest2", f"{RANGE}.1/24")), cache)
    with pytest.raises(LocalMachineError, match="kprov local down"):
        boot(replace(spec(), machines=(Machine("n1", f"{RANGE}.99"),)), cache)


def test_bad_spec_touches_nothing(cache: Path) -> None:
    """Problems come as one error, before any root or package check."""
    with pytest.raises(ProblemsError):
        boot(replace(spec(), cluster="Not A Name"), cache)
    assert not any(traces("machinestest", cache).values())


def test_unknown_machine_is_refused(cache: Path) -> None:
    """stop and start name the machines that there are."""
    boot(spec(), cache)
    with pytest.raises(LocalMachineError, match="its machines: n1"):
        stop("machinestest", "n7", cache=cache, report=silent)


def test_only_root_can(cache: Path) -> None:
    """As another user: an error that names sudo, not a traceback about a file."""
    code = (
        "import os, sys; from pathlib import Path\n"
        "from kprov.machines import requirements\n"
        "from kprov.model.errors import LocalMachineError\n"
        "os.setuid(65534)\n"
        "try: requirements.check(Path(sys.argv[1]), 'up')\n"
        "except LocalMachineError as error: print(error)"
    )
    assert "sudo kprov local up" in run(sys.executable, "-c", code, str(cache))


_FIREWALLED = """
import subprocess, sys
from pathlib import Path
from tests.integration.test_machines import spec, up, down, run, silent
run("ip", "link", "set", "lo", "up")
run("iptables", "-P", "FORWARD", "DROP")
before = run("iptables", "-S")
first, second = up(spec(2), cache=Path(sys.argv[1]), report=silent)
assert Path("/proc/sys/net/bridge/bridge-nf-call-iptables").read_text() == "1\\n"
rules = run("iptables", "-S", "FORWARD")
print(run("nsenter", "-t", str(first.leader), "-n", "timeout", "5", "bash", "-c",
          f"exec 3<>/dev/tcp/{second.address}/22; head -c 4 <&3"))
assert rules.count("kprovtest0") == 2, rules
down("machinestest", cache=Path(sys.argv[1]), report=silent)
assert run("iptables", "-S") == before
"""


def test_foreign_firewall_does_not_part_machines(cache: Path, tmp_path: Path) -> None:
    """FORWARD drops by default (Docker does that): machines reach each other all the same.

    In a network namespace of its own, where such a policy harms nobody else.
    """
    groups = tmp_path / "cgroup"
    groups.mkdir()
    script = (
        'mount --rbind /sys/fs/cgroup "$1" && mount -t sysfs sysfs /sys && '
        'mount --rbind "$1" /sys/fs/cgroup && shift && exec "$@"'
    )
    done = subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, "sh", str(groups),
         sys.executable, "-c", _FIREWALLED, str(cache)],
        capture_output=True, text=True, timeout=120, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "SSH-"


def test_two_at_once_wait_for_each_other(cache: Path) -> None:
    """Two `up` of the same cluster: both succeed, every machine is booted once."""
    command = [sys.executable, "-c", _UP, str(cache)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
        for _ in range(2)
    ]
    said = "".join(process.communicate(timeout=120)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(re.findall("n[123]: boots", said)) == [f"n{i}: boots" for i in (1, 2, 3)]


def test_sshd_answers_from_this_computer_only_on_the_bridge(cache: Path) -> None:
    """No forwarding is switched on for the machines: this computer routes as it did before."""
    forwarding = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    (machine,) = boot(spec(), cache)
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == forwarding
    with socket.create_connection((machine.address, 22), timeout=5) as connection:
        assert connection.getsockname()[0] == f"{RANGE}.1"
