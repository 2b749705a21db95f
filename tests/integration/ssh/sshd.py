"""Real sshd daemons on loopback, and real users, for tests of the transport."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from kprov.model.host import Connection, Host
from kprov.model.secret import Secret
from kprov.transport.retry import Retry
from kprov.transport.session import SshTransport
from kprov.transport.ssh import connect

ONCE = Retry(seconds=0)
SSHD = "/usr/sbin/sshd"
LIMIT_SECONDS = 20.0

needs_sshd = pytest.mark.skipif(
    not Path(SSHD).exists(), reason="no sshd: install the package openssh-server"
)
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="logs in as root and makes users: run as root"
)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Return once the condition holds; fail the test when it does not within the limit."""
    end = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {LIMIT_SECONDS:g} s"
        time.sleep(0.01)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert isinstance(port, int)
    return port


def make_key(path: Path, kind: str = "ed25519", *, passphrase: str = "") -> Path:
    """A new private key file, its public key beside it."""
    for old in (path, Path(f"{path}.pub")):
        old.unlink(missing_ok=True)
    bits = ["-b", "2048"] if kind == "rsa" else []
    command = ["ssh-keygen", "-q", "-t", kind, *bits, "-N", passphrase, "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def fingerprint(key: Path) -> str:
    """What ssh-keygen says a key is."""
    done = subprocess.run(["ssh-keygen", "-lf", key], check=True, capture_output=True, text=True)
    return done.stdout.split()[1]


class Sshd:
    """One sshd on 127.0.0.1 with its own host keys; `authorized` may log in as anybody."""

    def __init__(
        self, folder: Path, *, keys: Sequence[str] = ("ed25519",), options: Sequence[str] = ()
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.kinds = keys
        self.options = options
        self.log = folder / "log"
        self.authorized = folder / "authorized_keys"
        self.authorized.touch()
        for kind in keys:
            self.renew_host_key(kind)
        self._process: subprocess.Popen[bytes] | None = None

    def host_key(self, kind: str = "ed25519") -> Path:
        """The file of a host key."""
        return self.folder / f"host_{kind}"

    def renew_host_key(self, kind: str = "ed25519") -> None:
        """As if the machine had been installed anew."""
        make_key(self.host_key(kind), kind)

    def authorize(self, key: Path) -> Path:
        """Let the holder of a private key in."""
        with self.authorized.open("a") as file:
            file.write(Path(f"{key}.pub").read_text())
        return key

    def start(self) -> Sshd:
        """Start it; returns when it answers."""
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        conf = self.folder / "conf"
        conf.write_text(
            "ListenAddress 127.0.0.1\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            "PidFile none\nLogLevel VERBOSE\n"
            f"AuthorizedKeysFile {self.authorized} .ssh/authorized_keys\n"
            + "".join(f"HostKey {self.host_key(kind)}\n" for kind in self.kinds)
            + "".join(f"{option}\n" for option in self.options)
        )
        command = [SSHD, "-D", "-f", str(conf), "-p", str(self.port), "-E", str(self.log)]
        self._process = subprocess.Popen(command)
        wait_for(self._answers, f"sshd on port {self.port}")
        return self

    @property
    def pid(self) -> int:
        """The daemon's process; sessions are its children."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Stop listening; open sessions stay."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=LIMIT_SECONDS)
            self._process = None

    def logins(self) -> int:
        """How many log-ins succeeded."""
        return len(re.findall("Accepted (publickey|password|keyboard)", self.log.read_text()))

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class User:
    """A user of this computer that is there for one test."""

    def __init__(self, name: str, *, shell: str = "/bin/sh") -> None:
        self.name = name
        self.password = "correct horse battery"
        self.home = Path("/home") / name
        self.sudoers = Path("/etc/sudoers.d") / name
        subprocess.run(["useradd", "-m", "-s", shell, name], check=True)
        line = f"{name}:{self.password}\n".encode()
        subprocess.run(["chpasswd"], input=line, check=True)

    def authorize(self, key: Path) -> None:
        """Let the holder of a private key log in as this user."""
        folder = self.home / ".ssh"
        folder.mkdir(exist_ok=True)
        shutil.copy(f"{key}.pub", folder / "authorized_keys")

    def may_sudo(self, rule: str) -> None:
        """Write a sudoers file; `rule` is `ALL=(ALL) ALL`, or more with Defaults lines."""
        self.sudoers.write_text(rule.replace("USER", self.name) + "\n")
        self.sudoers.chmod(0o440)
        subprocess.run(["visudo", "-c", "-q", "-f", str(self.sudoers)], check=True)

    def remove(self) -> None:
        """Leave nothing of it."""
        self.sudoers.unlink(missing_ok=True)
        wait_for(self._has_no_processes, f"processes of {self.name} are gone")
        subprocess.run(["userdel", "-r", self.name], check=True, stderr=subprocess.DEVNULL)

    def _has_no_processes(self) -> bool:
        found = subprocess.run(["pgrep", "-u", self.name], check=False, capture_output=True)
        return found.returncode == 1


@contextlib.contextmanager
def user(name: str, *, shell: str = "/bin/sh") -> Iterator[User]:
    """A user that is gone afterwards."""
    made = User(name, shell=shell)
    try:
        yield made
    finally:
        made.remove()


class Site:
    """A state folder, a home folder and the connections made from there."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        (self.home / ".ssh").mkdir(parents=True)
        self.pins = folder / "state" / "known_hosts"
        self.said: list[str] = []
        self._opened: list[SshTransport] = []

    def connect(
        self,
        sshd: Sshd | int,
        key: Path | None = None,
        *,
        name: str = "w1",
        user: str = "root",
        password: str | None = None,
        become_password: str | None = None,
        args: str = "",
        retry: Retry = ONCE,
        environ: dict[str, str] | None = None,
    ) -> SshTransport:
        port = sshd if isinstance(sshd, int) else sshd.port
        connection = Connection(
            "127.0.0.1",
            user=user,
            port=port,
            private_key_file=str(key) if key else None,
            password=Secret(password) if password else None,
            become=user != "root",
            become_password=Secret(become_password) if become_password else None,
            ssh_common_args=args,
        )
        transport = connect(
            Host(name, connection),
            self.pins,
            log=self.said.append,
            retry=retry,
            environ=environ or {},
            home=self.home,
        )
        self._opened.append(transport)
        return transport

    def close(self) -> None:
        for transport in self._opened:
            transport.close()


def run(transport: SshTransport, boot: str, payload: Iterable[bytes] = ()) -> list[str]:
    return list(transport.stream(payload, boot=boot))
