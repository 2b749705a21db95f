"""Hosts that cannot become a cluster: an error that names the host and the way out, no trace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace

import pytest

from kprov.machines.keys import generate
from tests.e2e.command import Done, Kprov
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine

HOST, ADDRESS = "n1", "10.97.105.11"
PASSWORD = "correct horse battery"  # of a machine that lives for a minute

pytestmark = [pytest.mark.e2e]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One machine that never becomes a cluster."""
    with machines(supply, "e2e-bad", {HOST: ADDRESS}, sudo_password=PASSWORD) as site:
        site.memory[HOST] = site.look(HOST)
        yield site


@pytest.fixture(autouse=True)
def untouched(site: Site) -> Iterator[None]:
    """Once a test has taken away what it put there, the machine is as it was."""
    yield
    site.look(HOST).same_as(site.memory[HOST])


def inventory(site: Site, **variables: object) -> None:
    """An inventory of the machine, with other host variables."""
    known = {
        "ansible_host": ADDRESS,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(site.key),
    }
    site.write(one_machine(site.supply.cluster("e2e-bad"), HOST, {**known, **variables}))


def refused(site: Site, *words: str) -> Done:
    """`apply` exits 1, names the host and says these words."""
    done = site.kprov("apply", site.inventory, "--yes").exits(1).says(HOST, *words)
    assert "Traceback" not in done.text
    return done


@contextmanager
def changed(site: Site, change: str, back: str) -> Iterator[None]:
    """The machine changed by one piece of shell text, and back by another."""
    site.run(HOST, change)
    try:
        yield
    finally:
        site.run(HOST, back)


# --- no way in


@dataclass(frozen=True, slots=True)
class NoWayIn:
    """Host variables that keep kprov out, and what it has to say."""

    name: str
    variables: Mapping[str, object]
    words: tuple[str, ...]


NO_WAY_IN = (
    NoWayIn(
        "refused port",
        {"ansible_port": 2},
        (f"{ADDRESS}:2 refuses connections", "ansible_port"),
    ),
    NoWayIn(
        "unresolvable",
        {"ansible_host": "no-such-host.invalid"},
        ("no-such-host.invalid cannot be resolved", "ansible_host"),
    ),
    NoWayIn(
        "wrong user",
        {"ansible_user": "nobody-here", "ansible_become": True},
        ("cannot log in as nobody-here@", "authorized_keys", "ansible_user"),
    ),
    NoWayIn(
        "wrong key",
        {"ansible_ssh_private_key_file": "another_key"},
        ("cannot log in as root@", "another_key", "ansible_ssh_private_key_file"),
    ),
    NoWayIn(
        "no password for sudo",
        {"ansible_user": "admin", "ansible_become": True},
        ("sudo wants a password of user admin", "KPROV_BECOME_PASSWORD"),
    ),
)


@pytest.mark.parametrize("case", NO_WAY_IN, ids=lambda case: case.name)
def test_no_way_in(site: Site, case: NoWayIn):
    """The message names the host, what was tried, and the variable that changes it."""
    key = site.directory / "another_key"
    key.write_bytes(generate().private)
    key.chmod(0o600)
    inventory(site, **case.variables)
    refused(site, *case.words)


def test_wrong_sudo_password(site: Site):
    """The password is refused once, not tried until the account is locked; it is not shown."""
    inventory(site, ansible_user="admin", ansible_become=True)
    wrong = with_password(site, "not the password")
    done = refused(wrong, "sudo refuses the password of user admin", "KPROV_BECOME_PASSWORD")
    assert "not the password" not in done.text


def test_no_sudo_right(site: Site):
    """A user whose password is right but who may not become root."""
    inventory(site, ansible_user="admin", ansible_become=True)
    with changed(site, "gpasswd -d admin sudo", "gpasswd -a admin sudo"):
        refused(with_password(site, PASSWORD), "admin may not become root", "sudoers")


def with_password(site: Site, password: str) -> Site:
    """The same site, the sudo password given in the environment."""
    told = Kprov(site.kprov.home, site.directory, {"KPROV_BECOME_PASSWORD": password})
    return replace(site, kprov=told)


def test_changed_host_key(site: Site):
    """A machine that shows another key than the one pinned is not spoken to."""
    inventory(site)
    site.kprov("check", site.inventory).exits(0)
    new = """
        mkdir /root/old && mv /etc/ssh/ssh_host_ed25519_key* /root/old/
        ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
        systemctl reload ssh.service
    """
    old = "mv /root/old/* /etc/ssh/ && rmdir /root/old && systemctl reload ssh.service"
    with changed(site, new, old):
        site.run(HOST, "true")  # its sshd has come back
        done = refused(site, "SSH host key", "has changed", "ssh-keygen -R")
        assert len(set(re.findall(r"SHA256:[\w+/]+", done.text))) == 2, "both fingerprints"
    site.kprov("check", site.inventory).exits(0)


# --- a host that is something else already


def program(site: Site, name: str, command: str) -> AbstractContextManager[None]:
    """A program that runs on the machine as a transient unit."""
    start = f"systemd-run --quiet --unit={name} --collect {command}"
    return changed(site, start, f"systemctl stop {name}.service")


def until(condition: str) -> str:
    """Shell text that waits for a condition, ten seconds at most."""
    return f"for _ in $(seq 100); do if {condition}; then exit 0; fi; sleep 0.1; done; exit 1"


@pytest.mark.parametrize(
    ("port", "owner"), [(10250, "kubelet"), (2379, "etcd"), (6443, "kube-apiserver")]
)
def test_port_taken(site: Site, port: int, owner: str):
    """A port that a foreign program has: which port, which program, who needs it."""
    inventory(site)
    with program(site, "foreign", f"socat TCP-LISTEN:{port},fork,reuseaddr EXEC:cat"):
        site.run(HOST, until(f"ss -Hltn sport = :{port} | grep -q ."))
        refused(site, f"port {port} is taken by `socat`", owner, "stop or move")


@pytest.mark.parametrize("name", ["kubelet", "etcd"])
def test_foreign_process(site: Site, name: str):
    """A kubelet or etcd that somebody else started is refused, not adopted."""
    inventory(site)
    theirs = f"mkdir -p /srv/theirs && cp /bin/sleep /srv/theirs/{name}"
    with (
        changed(site, theirs, "rm -r /srv/theirs"),
        program(site, "theirs", f"/srv/theirs/{name} 300"),
    ):
        refused(site, "another Kubernetes or etcd is here", name, "does not adopt")


@pytest.mark.parametrize("name", ["kubelet", "etcd"])
def test_foreign_unit(site: Site, name: str):
    """A unit of that name that does not run at the moment is somebody's all the same."""
    inventory(site)
    unit = f"/etc/systemd/system/{name}.service"
    theirs = f"printf '[Service]\\nExecStart=/bin/sleep 300\\n' >{unit}"
    with changed(site, theirs, f"rm {unit}; systemctl daemon-reload"):
        refused(site, "another Kubernetes or etcd is here", unit)


def test_not_linux(site: Site):
    """Another system says so by `uname`; here a fake one does."""
    inventory(site)
    fake_uname = b"""#!/bin/sh
real=$(/usr/bin/uname "$@") && echo "$real" | sed "s/^Linux /FreeBSD /"
"""
    with changed(site, "true", "rm /usr/local/bin/uname"):
        site.send(HOST, fake_uname, "/usr/local/bin/uname", "0755")
        refused(site, "runs FreeBSD", "expected Linux")


def test_without_systemd(site: Site):
    """An sshd that sees no systemd, as in a container: the message says what kprov makes."""
    inventory(site, ansible_port=2222)
    hidden = "mount -t tmpfs tmpfs /run/systemd && exec /usr/sbin/sshd -D -p 2222 -o PidFile=none"
    with program(site, "plain", f"unshare --mount sh -c '{hidden}'"):
        site.run(HOST, until("ss -Hltn sport = :2222 | grep -q ."))
        refused(site, "systemd does not run here", "use a host with systemd")


# --- no room


def test_small_disk(site: Site):
    """Too little room in /opt is seen before anything is sent."""
    inventory(site)
    with changed(site, "mount -t tmpfs -o size=300m tmpfs /opt", "umount /opt"):
        refused(site, "MB free in /opt", "make room")


def test_disk_runs_full(site: Site):
    """The disk is full in the middle of a delivery: the message says so, reset leaves no trace."""
    inventory(site)
    with changed(site, "mount -t tmpfs -o size=20m tmpfs /opt/kprov", "umount /opt/kprov"):
        refused(site, "No space left on device")
        site.kprov("reset", site.inventory, "--yes").exits(0)
