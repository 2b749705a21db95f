"""ssh_config files: what paramiko reads, and Include, which it does not."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from kprov.model.errors import InputError
from kprov.transport.ssh_config import load


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".ssh").mkdir()
    return tmp_path


def write(home: Path, **files: str) -> None:
    for name, text in files.items():
        (home / ".ssh" / name).write_text(text)


def test_include_in_the_middle_of_a_section(home: Path) -> None:
    """What follows an Include belongs to the section before it, as in OpenSSH."""
    write(
        home,
        config="Host a\n  Include more\n  Port 1\nHost *\n  Port 9\n",
        more="Host other\n  User x\n",
    )
    config = load(None, home)
    assert config.lookup("a")["port"] == "1"
    assert config.lookup("b")["port"] == "9"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="compares with the ssh client")
def test_the_same_as_ssh_g(home: Path) -> None:
    """User, port, host name and jump as `ssh -G` says, with Include, globs and wildcards."""
    write(
        home,
        config=(
            f"Include {home}/.ssh/conf_*\n"
            "Host *.example.com !b.example.com\n  User star\nHost *\n  Port 7\n"
        ),
        conf_1="Host a.example.com\n  HostName 192.0.2.1\n  ProxyJump gate\n",
        conf_2="Host a.example.com b.example.com\n  HostName 192.0.2.2\n  Port 5\n",
    )
    (home / "file").write_text(f"Include {home}/.ssh/config\n")
    config = load(str(home / "file"), home)
    for name in ("a.example.com", "b.example.com", "c.example.com", "other"):
        command = ["ssh", "-G", "-F", str(home / "file"), name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)
        ours = config.lookup(name)
        assert ours.get("hostname", name) == said["hostname"]
        assert ours.get("port", "22") == said["port"]
        assert ours.get("user", said["user"]) == said["user"]
        assert ours.get("proxyjump") == said.get("proxyjump")


def test_the_user_file_wins_over_the_system(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First obtained value; sections of the first file do not swallow the second."""
    system = tmp_path / "system"
    system.mkdir()
    monkeypatch.setattr("kprov.transport.ssh_config._SYSTEM", system)
    (system / "ssh_config").write_text("Port 2\nUser system\n")
    write(home, config="Host a\n  Port 1\n")
    config = load(None, home)
    assert (config.lookup("a")["port"], config.lookup("a")["user"]) == ("1", "system")
    assert config.lookup("b")["port"] == "2"


def test_what_comes_first_wins(home: Path) -> None:
    """Arguments are put before the files."""
    write(home, config="Host *\n  Port 1\n  IdentityFile /two\n")
    options = load(None, home).lookup("a", [("port", "5"), ("identityfile", "/one")])
    assert options["port"] == "5"
    assert options["identityfile"] == ["/one", "/two"]


def test_missing_files(home: Path) -> None:
    """No files at all are fine, -F none as well; a file that was named has to be there."""
    assert load(None, home).lookup("a")["hostname"] == "a"
    assert load("none", home).lookup("a")["hostname"] == "a"
    with pytest.raises(InputError, match="no such ssh_config file"):
        load(str(home / "nothing"), home)


def test_nonsense_is_the_persons_to_mend(home: Path) -> None:
    """The file is named."""
    write(home, config="Host a\n  nonsense\n")
    with pytest.raises(InputError) as wrong:
        load(None, home).lookup("a")
    assert str(home / ".ssh" / "config") in str(wrong.value)


def test_no_name_server_is_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """paramiko would ask for our full name at every look-up with an IdentityFile."""

    def ask(*_: object) -> str:
        raise AssertionError("asked a name server")

    monkeypatch.setattr(socket, "getfqdn", ask)
    monkeypatch.setattr(socket, "getaddrinfo", ask)
    write(home, config="IdentityFile ~/.ssh/%h\n")
    assert load(None, home).lookup("a")["identityfile"] == [str(Path("~/.ssh/a").expanduser())]


def test_includes_that_go_round_end(home: Path) -> None:
    """A file that includes itself is read a limited number of times."""
    write(home, config="Include config\nPort 4\n")
    assert load(None, home).lookup("a")["port"] == "4"
