"""Becoming root by real sudo, over real sshd, from real login shells."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from kprov.model.errors import TransportError
from kprov.transport.base import RemoteExitError
from tests.integration.ssh.sshd import Site, Sshd, User, needs_root, needs_sshd, run, user

pytestmark = [
    needs_sshd,
    needs_root,
    pytest.mark.skipif(shutil.which("sudo") is None, reason="no sudo: install the package sudo"),
]
SHELLS = ["/bin/sh", "/bin/bash", "/usr/bin/fish", "/bin/csh"]
ECHO = "id -u; cat"


class People:
    """One user for each login shell, made when the first test wants it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._made: dict[str, User] = {}

    def get(self, shell: str, key: Path) -> User:
        """The user of a shell, without sudo rights, let in by `key`."""
        if not Path(shell).exists():
            pytest.skip(f"{shell} is not installed")
        if shell not in self._made:
            name = f"kprov-{os.getpid()}-{len(self._made)}"
            self._made[shell] = self._stack.enter_context(user(name, shell=shell))
        person = self._made[shell]
        person.authorize(key)
        person.sudoers.unlink(missing_ok=True)
        return person


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    with ExitStack() as stack:
        yield People(stack)


@pytest.fixture
def person(people: People, key: Path) -> User:
    return people.get("/bin/sh", key)


@pytest.mark.parametrize("shell", SHELLS)
def test_with_a_password_from_every_login_shell(
    shell: str, people: People, site: Site, sshd: Sshd, key: Path
) -> None:
    """The password opens sudo, the payload arrives whole, exit status and errors as well."""
    person = people.get(shell, key)
    person.may_sudo("USER ALL=(ALL) ALL")
    transport = site.connect(sshd, key, user=person.name, become_password=person.password)
    block = os.urandom(1 << 20).hex()
    assert run(transport, ECHO, [f"{block}\n".encode(), b"end"]) == ["0", block, "end"]
    quoted = 'x="a b"; printf "%s\\n" "$x" "\\$HOME" `echo tick`; [ 1 -lt 2 ] && echo "{}*?~#"'
    assert run(transport, quoted) == ["a b", "$HOME", "tick", "{}*?~#"]
    with pytest.raises(RemoteExitError) as failed:
        run(transport, "echo to stderr >&2; exit 5")
    assert (failed.value.status, failed.value.stderr) == (5, "to stderr")


@pytest.mark.parametrize("shell", SHELLS)
def test_without_a_password_from_every_login_shell(
    shell: str, people: People, site: Site, sshd: Sshd, key: Path
) -> None:
    """NOPASSWD needs nothing."""
    person = people.get(shell, key)
    person.may_sudo("USER ALL=(ALL) NOPASSWD: ALL")
    transport = site.connect(sshd, key, user=person.name)
    assert run(transport, ECHO, [b"payload\n"]) == ["0", "payload"]


def test_a_password_that_sudo_does_not_ask_for(
    site: Site, sshd: Sshd, key: Path, person: User
) -> None:
    """With NOPASSWD or a cached answer the password line is not taken for payload."""
    person.may_sudo("USER ALL=(ALL) NOPASSWD: ALL")
    transport = site.connect(sshd, key, user=person.name, become_password=person.password)
    assert run(transport, ECHO, [b"payload\n"]) == ["0", "payload"]


def test_a_wrong_password(site: Site, sshd: Sshd, key: Path, person: User) -> None:
    """One try only, no byte of payload, the hint, and the password nowhere."""
    person.may_sudo("USER ALL=(ALL) ALL")
    taken: list[str] = []

    def payload() -> Iterator[bytes]:
        taken.append("payload was taken")
        yield b"secret payload\n"

    transport = site.connect(sshd, key, user=person.name, become_password="wrong staple")
    with pytest.raises(TransportError) as refused:
        run(transport, "cat", payload())
    text = str(refused.value)
    assert text.startswith(f"w1: sudo refuses the password of user {person.name}")
    assert "ansible_become_password" in text
    assert "KPROV_BECOME_PASSWORD" in text
    assert "--ask-become-pass" in text
    assert "wrong staple" not in text + repr(refused.value) + "".join(site.said)
    assert "1 incorrect password attempt" in text
    assert taken == []


def test_a_password_is_needed_and_missing(site: Site, sshd: Sshd, key: Path, person: User) -> None:
    """sudo -n does not hang, the error says how to give one."""
    person.may_sudo("USER ALL=(ALL) ALL")
    transport = site.connect(sshd, key, user=person.name)
    with pytest.raises(TransportError, match=r"wants a password.*there is none"):
        run(transport, ECHO)


def test_not_in_sudoers(site: Site, sshd: Sshd, key: Path, person: User) -> None:
    """The right password of somebody who has no right."""
    transport = site.connect(sshd, key, user=person.name, become_password=person.password)
    with pytest.raises(TransportError, match="may not become root by sudo"):
        run(transport, ECHO)


def test_only_some_commands(site: Site, sshd: Sshd, key: Path, person: User) -> None:
    """A sudoers rule that does not allow sh is told apart from a wrong password."""
    person.may_sudo("USER ALL=(ALL) NOPASSWD: /usr/bin/id")
    transport = site.connect(sshd, key, user=person.name, become_password=person.password)
    with pytest.raises(TransportError, match="may not become root by sudo"):
        run(transport, ECHO)


def test_a_terminal_is_required(site: Site, sshd: Sshd, key: Path, person: User) -> None:
    """requiretty: the error names the line to write."""
    person.may_sudo("Defaults:USER requiretty\nUSER ALL=(ALL) NOPASSWD: ALL")
    transport = site.connect(sshd, key, user=person.name)
    with pytest.raises(TransportError, match=f"Defaults:{person.name} !requiretty"):
        run(transport, ECHO)


def test_no_sudo_at_all(site: Site, sshd: Sshd, key: Path, person: User) -> None:
    """A host without sudo, and a user that is not root."""
    sshd.stop()
    sshd.options = [f"SetEnv PATH={person.home}"]
    sshd.start()
    (person.home / "env").symlink_to("/usr/bin/env")
    transport = site.connect(sshd, key, user=person.name)
    with pytest.raises(TransportError, match="there is no `sudo` on the host"):
        run(transport, ECHO)


def test_a_shell_that_runs_nothing(people: People, site: Site, sshd: Sshd, key: Path) -> None:
    """nologin: the error has its own words."""
    person = people.get("/usr/sbin/nologin", key)
    person.may_sudo("USER ALL=(ALL) NOPASSWD: ALL")
    transport = site.connect(sshd, key, user=person.name)
    with pytest.raises(TransportError, match="not available"):
        run(transport, ECHO)


def test_a_talkative_login_shell(people: People, site: Site, sshd: Sshd, key: Path) -> None:
    """What .bashrc prints is not taken for output, even without a newline at its end."""
    person = people.get("/bin/bash", key)
    person.may_sudo("USER ALL=(ALL) ALL")
    (person.home / ".bashrc").write_text("echo welcome; echo careful >&2; printf 'last: '\n")
    transport = site.connect(sshd, key, user=person.name, become_password=person.password)
    assert run(transport, ECHO, [b"payload\n"]) == ["0", "payload"]
    with pytest.raises(RemoteExitError) as failed:
        run(transport, "echo only this >&2; exit 1")
    assert failed.value.stderr == "only this"


def test_the_password_is_in_no_argument_list(
    site: Site, sshd: Sshd, key: Path, person: User
) -> None:
    """While a script runs, no process of the machine has the password in its command line."""
    person.may_sudo("USER ALL=(ALL) ALL")
    transport = site.connect(sshd, key, user=person.name, become_password=person.password)
    checked = threading.Event()

    def payload() -> Iterator[bytes]:
        checked.wait(20)
        yield b"bye\n"

    lines = transport.stream(payload(), boot="echo started; cat")
    assert next(lines) == "started"
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            arguments = (process / "cmdline").read_bytes().replace(b"\0", b" ")
            assert person.password.encode() not in arguments
    checked.set()
    assert list(lines) == ["bye"]
