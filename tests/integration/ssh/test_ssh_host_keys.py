"""Host keys of real sshd daemons: pinned, changed, known before, revoked."""

from __future__ import annotations

import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kprov.model.errors import HostKeyError
from kprov.transport.hostkeys import forget
from tests.integration.ssh.sshd import (
    Site,
    Sshd,
    fingerprint,
    make_key,
    needs_root,
    needs_sshd,
    run,
)

pytestmark = [needs_sshd, needs_root]


def public(key: Path) -> str:
    return " ".join(Path(f"{key}.pub").read_text().split()[:2])


def test_the_first_key_is_pinned(site: Site, sshd: Sshd, key: Path) -> None:
    """In OpenSSH's format with [host]:port, mode 0600, once; ssh itself accepts the file."""
    for _ in range(2):
        site.connect(sshd, key)
    assert site.pins.read_text() == f"[127.0.0.1]:{sshd.port} {public(sshd.host_key())}\n"
    assert stat.S_IMODE(site.pins.stat().st_mode) == 0o600
    assert [line for line in site.said if fingerprint(sshd.host_key()) in line]
    options = f"-F none -o UserKnownHostsFile={site.pins} -o StrictHostKeyChecking=yes"
    command = ["ssh", *options.split(), "-i", str(key), "-p", str(sshd.port), "root@127.0.0.1"]
    assert subprocess.run([*command, "true"], check=True).returncode == 0


def test_a_changed_key_stops_the_host(site: Site, sshd: Sshd, key: Path) -> None:
    """Both fingerprints, file and line, and a command that really removes the old key."""
    site.connect(sshd, key)
    old = fingerprint(sshd.host_key())
    sshd.stop()
    sshd.renew_host_key()
    sshd.start()
    pins = site.pins.read_text()
    with pytest.raises(HostKeyError) as changed:
        site.connect(sshd, key)
    text = str(changed.value)
    assert text.startswith("w1: ")
    for part in (old, fingerprint(sshd.host_key()), f"{site.pins}:1"):
        assert part in text
    assert site.pins.read_text() == pins
    assert sshd.logins() == 1
    command = text.split("`")[1]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert run(site.connect(sshd, key), "echo in") == ["in"]


def test_strict_checking_off_does_not_accept_a_changed_key(
    site: Site, sshd: Sshd, key: Path
) -> None:
    """StrictHostKeyChecking=no in old inventories means: trust the first, never a changed one."""
    site.connect(sshd, key, args="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null")
    sshd.stop()
    sshd.renew_host_key()
    sshd.start()
    with pytest.raises(HostKeyError):
        site.connect(sshd, key, args="-o StrictHostKeyChecking=no")


def test_a_forgotten_key_is_pinned_anew(site: Site, sshd: Sshd, key: Path) -> None:
    """`forget` is for machines that kprov itself makes anew."""
    site.connect(sshd, key)
    assert forget(site.pins, "127.0.0.1", sshd.port) == 1
    sshd.stop()
    sshd.renew_host_key()
    sshd.start()
    assert run(site.connect(sshd, key), "echo in") == ["in"]


def test_known_hosts_come_first(site: Site, sshd: Sshd, key: Path) -> None:
    """A key that the user's known_hosts has is accepted and not pinned; a different one stops."""
    known = site.home / ".ssh" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {public(sshd.host_key())}\n")
    assert run(site.connect(sshd, key), "echo in") == ["in"]
    assert not site.pins.exists()
    other = make_key(site.home / "other")
    known.write_text(f"# old\n[127.0.0.1]:{sshd.port} {public(other)}\n")
    with pytest.raises(HostKeyError, match=f"{known}:2"):
        site.connect(sshd, key)


def test_strict_checking_refuses_unknown_keys(site: Site, sshd: Sshd, key: Path) -> None:
    """StrictHostKeyChecking=yes: nothing is pinned; a hashed known_hosts line is understood."""
    strict = "-o StrictHostKeyChecking=yes"
    with pytest.raises(HostKeyError, match="is not known"):
        site.connect(sshd, key, args=strict)
    assert not site.pins.exists()
    known = site.home / ".ssh" / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sshd.port} {public(sshd.host_key())}\n")
    subprocess.run(["ssh-keygen", "-H", "-f", known], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    assert run(site.connect(sshd, key, args=strict), "echo in") == ["in"]


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
def test_a_server_with_several_keys_shows_the_pinned_one(
    kind: str, site: Site, tmp_path: Path
) -> None:
    """We ask for the type that is pinned; otherwise the server looks changed."""
    sshd = Sshd(tmp_path / "many", keys=("ed25519", "ecdsa", "rsa")).start()
    key = sshd.authorize(make_key(tmp_path / "key"))
    site.pins.parent.mkdir()
    site.pins.write_text(f"[127.0.0.1]:{sshd.port} {public(sshd.host_key(kind))}\n")
    assert run(site.connect(sshd, key), "echo in") == ["in"]
    sshd.stop()


def test_many_threads_pin_at_once(site: Site, sshd: Sshd, key: Path, tmp_path: Path) -> None:
    """Hosts that connect at the same moment all find their key in the file afterwards."""
    others = [Sshd(tmp_path / f"sshd{number}").start() for number in range(3)]
    for other in others:
        other.authorized.write_bytes(sshd.authorized.read_bytes())
    daemons = [sshd, *others]
    with ThreadPoolExecutor(len(daemons) * 2) as pool:
        list(pool.map(lambda daemon: site.connect(daemon, key), daemons * 2))
    lines = site.pins.read_text().splitlines()
    expected = {f"[127.0.0.1]:{d.port} {public(d.host_key())}" for d in daemons}
    assert sorted(lines) == sorted(expected)
    assert [path.name for path in site.pins.parent.iterdir()] == ["known_hosts"]
    for other in others:
        other.stop()
