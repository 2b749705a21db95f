"""Logging in to real sshd daemons: keys, agent, passwords, and every way to be refused."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kprov.model.errors import InputError, TransportError
from kprov.transport.retry import Retry
from tests.integration.ssh.sshd import (
    Site,
    Sshd,
    fingerprint,
    free_port,
    make_key,
    needs_root,
    needs_sshd,
    run,
    user,
    wait_for,
)

pytestmark = [needs_sshd, needs_root]


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An ssh-agent without keys."""
    address = tmp_path / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(address)], stdout=subprocess.DEVNULL)
    wait_for(address.exists, "the agent listens")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(address))
    yield address
    process.terminate()
    process.wait(timeout=20)


def add_to_agent(key: Path) -> None:
    subprocess.run(["ssh-add", "-q", str(key)], check=True)


class TestKeys:
    @pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
    def test_key_files_of_every_type(
        self, kind: str, site: Site, sshd: Sshd, tmp_path: Path
    ) -> None:
        """Each type that OpenSSH makes logs in."""
        key = sshd.authorize(make_key(tmp_path / kind, kind))
        assert run(site.connect(sshd, key), "id -u") == ["0"]

    def test_default_key_files(self, site: Site, sshd: Sshd) -> None:
        """With nothing said, ~/.ssh/id_ed25519 is tried, as ssh does."""
        sshd.authorize(make_key(site.home / ".ssh" / "id_ed25519"))
        assert run(site.connect(sshd), "id -u") == ["0"]

    def test_an_encrypted_key_with_its_passphrase(
        self, site: Site, sshd: Sshd, tmp_path: Path
    ) -> None:
        """KPROV_KEY_PASSPHRASE opens it; without or with a wrong one the error says so."""
        key = sshd.authorize(make_key(tmp_path / "locked", passphrase="open sesame"))
        right = {"KPROV_KEY_PASSPHRASE": "open sesame"}
        assert run(site.connect(sshd, key, environ=right), "id -u") == ["0"]
        with pytest.raises(TransportError) as refused:
            site.connect(sshd, key)
        assert f"key {key} is encrypted" in str(refused.value)
        assert "KPROV_KEY_PASSPHRASE" in str(refused.value)
        with pytest.raises(TransportError, match="KPROV_KEY_PASSPHRASE does not open it") as wrong:
            site.connect(sshd, key, environ={"KPROV_KEY_PASSPHRASE": "close barley"})
        assert "barley" not in str(wrong.value)

    def test_a_key_of_the_agent(self, agent: Path, site: Site, sshd: Sshd, tmp_path: Path) -> None:
        """The agent signs; the key file is not needed any more."""
        key = sshd.authorize(make_key(tmp_path / "key"))
        add_to_agent(key)
        key.unlink()
        assert run(site.connect(sshd), "id -u") == ["0"]

    def test_identities_only_leaves_other_agent_keys_out(
        self, agent: Path, site: Site, sshd: Sshd, tmp_path: Path
    ) -> None:
        """IdentitiesOnly offers the agent's copy of a key file that is locked, and no other."""
        other, mine = make_key(tmp_path / "other"), make_key(tmp_path / "mine")
        add_to_agent(other)
        add_to_agent(mine)
        command = ["ssh-keygen", "-q", "-p", "-N", "locked now", "-f", str(mine)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with pytest.raises(TransportError) as refused:
            site.connect(sshd, mine, args="-o IdentitiesOnly=yes")
        assert f"key of the agent ({fingerprint(mine)})" in str(refused.value)
        assert fingerprint(other) not in str(refused.value)
        sshd.authorize(mine)
        assert run(site.connect(sshd, mine, args="-o IdentitiesOnly=yes"), "echo in") == ["in"]

    def test_a_wrong_key_says_what_was_tried(
        self, agent: Path, site: Site, sshd: Sshd, tmp_path: Path
    ) -> None:
        """Host, user, files, fingerprints, the agent: all in the error; one login attempt each."""
        key, held = make_key(tmp_path / "key"), make_key(tmp_path / "held")
        add_to_agent(held)
        with pytest.raises(TransportError) as refused:
            site.connect(sshd, key)
        text = str(refused.value)
        assert text.startswith(f"w1: cannot log in as root@127.0.0.1:{sshd.port}")
        assert f"key {key} ({fingerprint(key)})" in text
        assert f"key of the agent ({fingerprint(held)})" in text
        assert "authorized_keys" in text

    def test_a_key_file_that_is_not_there_or_not_a_key(
        self, site: Site, sshd: Sshd, tmp_path: Path
    ) -> None:
        """Named files that cannot be used are named, with the reason."""
        nonsense = tmp_path / "nonsense"
        nonsense.write_text("not a key\n")
        with pytest.raises(TransportError, match="there is no such file"):
            site.connect(sshd, tmp_path / "missing")
        with pytest.raises(TransportError, match="is not a private key"):
            site.connect(sshd, nonsense)

    def test_too_many_keys(self, agent: Path, site: Site, sshd: Sshd, tmp_path: Path) -> None:
        """When the server hangs up after several keys, the error says how to offer fewer."""
        for number in range(8):
            add_to_agent(make_key(tmp_path / f"key{number}"))
        with pytest.raises(TransportError, match=r"MaxAuthTries.*IdentitiesOnly"):
            site.connect(sshd)
        right = sshd.authorize(make_key(tmp_path / "right"))
        assert run(site.connect(sshd, right), "echo in") == ["in"]


class TestPasswords:
    def test_right_and_wrong(self, site: Site, tmp_path: Path) -> None:
        """A password logs in where the server takes it; a wrong one is never in the error."""
        sshd = Sshd(tmp_path / "pw", options=["UsePAM yes"]).start()
        try:
            with user(f"kprov-pw-{os.getpid()}") as person:
                person.may_sudo("USER ALL=(ALL) NOPASSWD: ALL")
                transport = site.connect(sshd, user=person.name, password=person.password)
                assert run(transport, "id -u") == ["0"]
                with pytest.raises(TransportError, match="refused: password") as refused:
                    site.connect(sshd, user=person.name, password="wrong battery")
                assert "wrong battery" not in str(refused.value)
                site.close()
        finally:
            sshd.stop()

    def test_a_server_that_takes_only_keys(self, site: Site, tmp_path: Path) -> None:
        """The error says what the server takes."""
        sshd = Sshd(tmp_path / "keys", options=["PasswordAuthentication no"]).start()
        with pytest.raises(TransportError, match="the server takes: publickey"):
            site.connect(sshd, password="anything")
        sshd.stop()


class TestUnreachable:
    def test_a_refused_port(self, site: Site) -> None:
        """Says host, address, port, and where to look."""
        port = free_port()
        with pytest.raises(TransportError) as refused:
            site.connect(port)
        assert str(refused.value).startswith(f"w1: 127.0.0.1:{port} refuses connections")
        assert "ansible_port" in str(refused.value)

    def test_a_name_that_does_not_resolve(self, site: Site) -> None:
        """RFC 6761's .invalid never resolves; the name is in the error."""
        with pytest.raises(TransportError, match=r"nowhere\.invalid cannot be resolved"):
            site.connect(22, args="-o HostName=nowhere.invalid")

    def test_a_silent_port(self, site: Site) -> None:
        """A port that accepts and says nothing ends after the connect timeout."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with pytest.raises(TransportError, match="silent, during the SSH handshake"):
                site.connect(port, args="-o ConnectTimeout=1")

    def test_a_full_backlog_times_out(self, site: Site) -> None:
        """No answer to the TCP connection: the error says how long it waited."""
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            address = server.getsockname()
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(address)
            try:
                with pytest.raises(TransportError, match="did not answer within 1 s"):
                    site.connect(address[1], args="-o ConnectTimeout=1")
            finally:
                for filler in fillers:
                    filler.close()

    def test_a_port_that_is_not_ssh(self, site: Site) -> None:
        """Another protocol behind the port is said to be that."""
        with socket.create_server(("127.0.0.1", 0)) as server:

            def answer() -> None:
                peer, _ = server.accept()
                peer.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
                peer.close()

            thread = threading.Thread(target=answer)
            thread.start()
            with pytest.raises(TransportError, match="does not speak SSH"):
                site.connect(server.getsockname()[1])
            thread.join()

    def test_nothing_is_retried_that_cannot_pass(self, site: Site, sshd: Sshd) -> None:
        """A refused login is not repeated: accounts would be locked."""
        key = make_key(site.home / "key")
        with pytest.raises(TransportError):
            site.connect(sshd, key, retry=Retry(seconds=30, first_pause=0.01))
        assert not any("again" in line for line in site.said)

    def test_unknown_arguments(self, site: Site) -> None:
        """An ssh argument that kprov does not know is the inventory's fault, not the network's."""
        with pytest.raises(InputError, match="w1: ansible_ssh_common_args"):
            site.connect(22, args="-o ProxyJmp=bastion")


class TestQuiet:
    def test_no_noise_on_stderr(
        self, site: Site, sshd: Sshd, key: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """paramiko's threads log tracebacks by default; none of it is heard, in any failure."""
        logging.getLogger("paramiko").info("loaded")
        run(site.connect(sshd, key), "echo fine")
        with pytest.raises(TransportError):
            site.connect(sshd, make_key(site.home / "other"))
        with pytest.raises(TransportError):
            site.connect(free_port())
        with socket.create_server(("127.0.0.1", 0)) as server:

            def hang_up() -> None:
                server.accept()[0].close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            with pytest.raises(TransportError):
                site.connect(server.getsockname()[1])
            thread.join()
        assert capfd.readouterr() == ("", "")

    def test_a_failed_login_lets_the_process_end(self, sshd: Sshd, site: Site) -> None:
        """No thread and no timer keeps the interpreter alive, and it says nothing at its end."""
        code = (
            "import sys; from pathlib import Path\n"
            "from kprov.model.host import Connection, Host\n"
            "from kprov.transport.ssh import connect\n"
            "c = Connection('127.0.0.1', user='root', port=int(sys.argv[1]))\n"
            "try: connect(Host('w1', c), Path(sys.argv[2]), log=lambda line: None)\n"
            "except Exception as error: print(type(error).__name__)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(sshd.port), str(site.pins)],
            capture_output=True,
            text=True,
            timeout=14,
            check=True,
            env={**os.environ, "HOME": str(site.home)},
        )
        assert (done.stdout, done.stderr) == ("TransportError\n", "")
