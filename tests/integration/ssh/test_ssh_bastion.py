"""Real sshd daemons behind others: ProxyJump, ProxyCommand, ssh_config."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kprov.model.errors import HostKeyError, TransportError
from kprov.model.host import Connection, Host
from kprov.transport.base import AbortedError, ConnectionLostError
from kprov.transport.ssh import SshConnector
from tests.integration.ssh.sshd import (
    ONCE,
    Site,
    Sshd,
    free_port,
    make_key,
    needs_root,
    needs_sshd,
    run,
)

pytestmark = [needs_sshd, needs_root]


@pytest.fixture
def bastion(tmp_path: Path, sshd: Sshd, key: Path) -> Iterator[Sshd]:
    daemon = Sshd(tmp_path / "bastion")
    daemon.authorize(key)
    yield daemon.start()
    daemon.stop()


def jump(*bastions: Sshd) -> str:
    return "-o ProxyJump=" + ",".join(f"root@127.0.0.1:{bastion.port}" for bastion in bastions)


def client_of(transport_lines: list[str]) -> int:
    return int(transport_lines[0].split()[1])


class TestProxyJump:
    def test_through_one(self, site: Site, sshd: Sshd, bastion: Sshd, key: Path) -> None:
        """The host's key file serves for the bastion too; both host keys are pinned."""
        transport = site.connect(sshd, key, args=jump(bastion))
        assert run(transport, "cat", [b"through\n"]) == ["through"]
        assert (bastion.logins(), sshd.logins()) == (1, 1)
        for daemon in (bastion, sshd):
            assert f"[127.0.0.1]:{daemon.port} " in site.pins.read_text()

    def test_through_several(
        self, site: Site, sshd: Sshd, bastion: Sshd, key: Path, tmp_path: Path
    ) -> None:
        """Hops are passed in the order they are written: the second sees the first's address."""
        second = Sshd(tmp_path / "second", options=["AllowTcpForwarding yes"])
        second.authorize(key)
        second.start()
        block = os.urandom(1 << 20).hex()
        transport = site.connect(sshd, key, args=jump(bastion, second))
        assert run(transport, "cat", [f"{block}\n".encode()]) == [block]
        assert [d.logins() for d in (bastion, second, sshd)] == [1, 1, 1]
        site.close()
        second.stop()

    def test_hosts_share_a_bastion(
        self, site: Site, sshd: Sshd, bastion: Sshd, key: Path, tmp_path: Path
    ) -> None:
        """Hosts that connect at once through one bastion log in there once."""
        connector = SshConnector(site.pins, log=site.said.append, environ={}, home=site.home)
        connection = Connection(
            "127.0.0.1",
            user="root",
            port=sshd.port,
            private_key_file=str(key),
            ssh_common_args=jump(bastion),
        )
        hosts = [Host(f"w{number}", connection) for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            transports = list(pool.map(connector.connect, hosts))
            words = list(pool.map(lambda t: run(t, f"echo {t.host.name}"), transports))
        assert words == [["w0"], ["w1"], ["w2"], ["w3"]]
        assert (bastion.logins(), sshd.logins()) == (1, 4)
        transports[0].close()
        assert run(transports[1], "echo still") == ["still"]
        connector.close()
        with pytest.raises(AbortedError, match="closed"):
            run(transports[1], "echo more")

    def test_a_bastion_that_is_down(self, site: Site, sshd: Sshd, key: Path) -> None:
        """The error names the host that was wanted and the bastion; others do not wait again."""
        port = free_port()
        connector = SshConnector(
            site.pins, log=site.said.append, environ={}, home=site.home, retry=ONCE
        )
        for name in ("w1", "w2"):
            connection = Connection(
                "127.0.0.1", port=sshd.port, ssh_common_args=f"-J 127.0.0.1:{port}"
            )
            with pytest.raises(TransportError) as down:
                connector.connect(Host(name, connection))
            expected = f"{name}: bastion: 127.0.0.1:{port} refuses connections"
            assert str(down.value).startswith(expected)

    def test_a_host_that_is_down_behind_a_bastion(
        self, site: Site, bastion: Sshd, key: Path
    ) -> None:
        """The bastion's reason is told."""
        port = free_port()
        with pytest.raises(
            TransportError, match=rf"bastion .* cannot connect to 127\.0\.0\.1:{port}"
        ):
            site.connect(port, key, args=jump(bastion))

    def test_a_bastion_that_forbids_it(self, site: Site, sshd: Sshd, key: Path) -> None:
        """AllowTcpForwarding no is named."""
        closed = Sshd(sshd.folder / "closed", options=["AllowTcpForwarding no"])
        closed.authorize(key)
        closed.start()
        with pytest.raises(TransportError, match="AllowTcpForwarding"):
            site.connect(sshd, key, args=jump(closed))
        closed.stop()

    def test_a_bastion_with_a_changed_key(
        self, site: Site, sshd: Sshd, bastion: Sshd, key: Path
    ) -> None:
        """Bastions are verified like hosts; nothing is asked of the host behind."""
        site.connect(sshd, key, args=jump(bastion)).close()
        bastion.stop()
        bastion.renew_host_key()
        bastion.start()
        with pytest.raises(HostKeyError, match=rf"\[127\.0\.0\.1\]:{bastion.port} has changed"):
            site.connect(sshd, key, args=jump(bastion))
        assert sshd.logins() == 1

    def test_abort_through_a_bastion(
        self, site: Site, sshd: Sshd, bastion: Sshd, key: Path
    ) -> None:
        """Ctrl-C reaches streams behind a bastion as well."""
        lines = site.connect(sshd, key, args=jump(bastion)).stream(
            [], boot="echo started; exec sleep 60"
        )
        assert next(lines) == "started"
        threading.Timer(0.1, site.close).start()
        with pytest.raises(AbortedError):
            next(lines)

    def test_a_bastion_that_dies(self, site: Site, sshd: Sshd, bastion: Sshd, key: Path) -> None:
        """Its end is the end of the connections through it, told as such."""
        transport = site.connect(sshd, key, args=jump(bastion))
        lines = transport.stream([], boot="echo started; exec sleep 60")
        assert next(lines) == "started"
        for pid in Path("/proc").glob("[0-9]*"):
            if _is_child_of(pid, bastion):
                os.kill(int(pid.name), signal.SIGKILL)
        with pytest.raises(ConnectionLostError, match="connection lost after 1 lines"):
            next(lines)


def _is_child_of(process: Path, daemon: Sshd) -> bool:
    try:
        fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return False
    return int(fields[1]) == daemon.pid


class TestProxyCommand:
    def test_a_command(self, site: Site, sshd: Sshd, bastion: Sshd, key: Path) -> None:
        """%h and %p are the host's, whoever set them."""
        options = "-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -q"
        command = f"ssh {options} -i {key} -p {bastion.port} -W %h:%p root@127.0.0.1"
        transport = site.connect(sshd, key, args=f'-o ProxyCommand="{command}"')
        block = os.urandom(1 << 20).hex()
        assert run(transport, "cat", [f"{block}\n".encode()]) == [block]
        assert (bastion.logins(), sshd.logins()) == (1, 1)

    def test_a_command_that_fails(self, site: Site, sshd: Sshd) -> None:
        """Its last words are in the error."""
        command = "-o ProxyCommand='echo no such tunnel >&2; exit 1'"
        with pytest.raises(TransportError, match="no such tunnel"):
            site.connect(sshd, args=command)

    def test_a_command_that_ends_in_the_middle(
        self, site: Site, sshd: Sshd, bastion: Sshd, key: Path
    ) -> None:
        """The stream ends with an error at once, it does not hang."""
        options = "-F none -o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -q"
        command = f"ssh {options} -i {key} -p {bastion.port} -W %h:%p root@127.0.0.1"
        transport = site.connect(sshd, key, args=f'-o ProxyCommand="{command}"')
        lines = transport.stream([], boot="echo started; exec sleep 60")
        assert next(lines) == "started"
        for pid in Path("/proc").glob("[0-9]*"):
            if _is_child_of(pid, bastion):
                os.kill(int(pid.name), signal.SIGKILL)
        with pytest.raises(ConnectionLostError):
            next(lines)


class TestSshConfig:
    def test_a_file_of_the_user(self, site: Site, sshd: Sshd, bastion: Sshd, key: Path) -> None:
        """HostName, Port, User, IdentityFile, ProxyJump and Include are honoured, also of hops."""
        folder = site.home / ".ssh"
        (folder / "conf.d").mkdir()
        (folder / "conf.d" / "gate").write_text(
            f"Host gate\n  HostName 127.0.0.1\n  Port {bastion.port}\n  User root\n"
        )
        (folder / "config").write_text(
            "Include conf.d/*\n"
            f"Host w1\n  HostName 127.0.0.1\n  Port {sshd.port}\n  ProxyJump gate\n"
            f"Host *\n  User root\n  IdentityFile {key}\n"
        )
        connector = SshConnector(site.pins, log=site.said.append, environ={}, home=site.home)
        transport = connector.connect(Host("worker", Connection("w1")))
        assert run(transport, "id -u") == ["0"]
        assert (bastion.logins(), sshd.logins()) == (1, 1)
        connector.close()

    def test_a_file_given_by_option(
        self, site: Site, sshd: Sshd, key: Path, tmp_path: Path
    ) -> None:
        """-F reads that file alone."""
        (site.home / ".ssh" / "config").write_text("Host *\n  HostName nowhere.invalid\n")
        file = tmp_path / "my config"
        file.write_text(f"Host *\n  IdentityFile {key}\n")
        assert run(site.connect(sshd, args=f"-F '{file}'"), "id -u") == ["0"]


def test_a_password_is_not_given_to_a_bastion(site: Site, sshd: Sshd, tmp_path: Path) -> None:
    """The host's password stays with the host."""
    bastion = Sshd(tmp_path / "bastion").start()
    other = make_key(tmp_path / "other")
    with pytest.raises(TransportError) as refused:
        site.connect(sshd, other, password="for the host only", args=jump(bastion))
    assert str(refused.value).startswith("w1: bastion") or "cannot log in" in str(refused.value)
    assert "Failed password" not in bastion.log.read_text()
    bastion.stop()
