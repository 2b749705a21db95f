"""Trust on first use, and never a second time."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kprov.model.errors import HostKeyError, TransportError
from kprov.transport.hostkeys import HostKeys, PresentedKey, forget
from kprov.transport.known_hosts import fingerprint, format_line, read

NAME = "[192.0.2.1]:2222"


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    return tmp_path / "state" / "known_hosts"


def shown(blob: bytes, *, name: str = NAME, key_type: str = "ssh-ed25519") -> PresentedKey:
    return PresentedKey(name, key_type, blob)


def keys(pins: Path, said: list[str] | None = None) -> HostKeys:
    return HostKeys(pins, (said if said is not None else []).append)


def check(host_keys: HostKeys, key: PresentedKey, *known: Path, strict: bool = False) -> None:
    host_keys.verify(key, known, where="w1", strict=strict)


def test_first_use_pins(pins: Path) -> None:
    """Once, mode 0600, said to the log; the same key is then simply accepted."""
    said: list[str] = []
    for _ in range(2):
        check(keys(pins, said), shown(b"one"))
    assert pins.read_text() == format_line(NAME, "ssh-ed25519", b"one")
    assert stat.S_IMODE(pins.stat().st_mode) == 0o600
    assert len(said) == 1
    assert fingerprint(b"one") in said[0]


@pytest.mark.parametrize("key_type", ["ssh-ed25519", "ssh-rsa"])
def test_another_key_is_refused(pins: Path, key_type: str) -> None:
    """Also one of another type: asked for the pinned type, an honest server would show it."""
    check(keys(pins), shown(b"one"))
    before = pins.read_bytes()
    with pytest.raises(HostKeyError) as changed:
        check(keys(pins), shown(b"two", key_type=key_type))
    text = str(changed.value)
    for part in (fingerprint(b"one"), fingerprint(b"two"), f"{pins}:1", f"ssh-keygen -R '{NAME}'"):
        assert part in text
    assert pins.read_bytes() == before


def test_known_hosts_win_over_pins(pins: Path, tmp_path: Path) -> None:
    """What known_hosts says is right even when an older pin says otherwise, and wrong as well."""
    known = tmp_path / "known_hosts"
    known.write_text(format_line(NAME, "ssh-ed25519", b"new"))
    check(keys(pins), shown(b"old"))
    check(keys(pins), shown(b"new"), known)
    with pytest.raises(HostKeyError, match=f"{known}:1"):
        check(keys(pins), shown(b"old"), known)


def test_a_revoked_key_is_refused(pins: Path, tmp_path: Path) -> None:
    """Whatever else is known; a revoked key of somebody else does not matter."""
    known = tmp_path / "known_hosts"
    line = format_line(NAME, "ssh-ed25519", b"lost")
    known.write_text(line + "@revoked " + line)
    with pytest.raises(HostKeyError, match=r"revoked"):
        check(keys(pins), shown(b"lost"), known)
    known.write_text("@revoked " + line)
    check(keys(pins), shown(b"good"), known)


def test_certificate_authorities_are_not_host_keys(pins: Path, tmp_path: Path) -> None:
    """A @cert-authority line neither accepts nor refuses a plain key."""
    known = tmp_path / "known_hosts"
    known.write_text(
        "@cert-authority * ssh-ed25519 " + format_line("", "", b"ca").split()[0] + "\n"
    )
    check(keys(pins), shown(b"one"), known)
    assert len(read(pins)) == 1


def test_strict_pins_nothing(pins: Path) -> None:
    """StrictHostKeyChecking=yes needs the key beforehand; a pin counts as that."""
    with pytest.raises(HostKeyError, match="StrictHostKeyChecking=yes"):
        check(keys(pins), shown(b"one"), strict=True)
    assert not pins.exists()
    check(keys(pins), shown(b"one"))
    check(keys(pins), shown(b"one"), strict=True)


def test_which_types_to_ask_for(pins: Path, tmp_path: Path) -> None:
    """Those of known_hosts, otherwise of the pins, without repeats; none for a new host."""
    known = tmp_path / "known_hosts"
    assert keys(pins).key_types(NAME, [known]) == ()
    check(keys(pins), shown(b"one", key_type="ssh-rsa"))
    assert keys(pins).key_types(NAME, [known]) == ("ssh-rsa",)
    known.write_text(
        format_line(NAME, "ecdsa-sha2-nistp256", b"a") + format_line(NAME, "ssh-ed25519", b"b") * 2
    )
    assert keys(pins).key_types(NAME, [known]) == ("ecdsa-sha2-nistp256", "ssh-ed25519")


def test_pins_of_many_threads_are_all_kept(pins: Path) -> None:
    """Each with its own object, as separate runs of kprov would have."""
    names = [f"[192.0.2.{n}]:22{n:02}" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: check(keys(pins), shown(name.encode(), name=name)), names))
    assert {key.names[0] for key in read(pins)} == set(names)
    assert [path.name for path in pins.parent.iterdir()] == ["known_hosts"]


def test_forget(pins: Path) -> None:
    """Removes the pins of one address and port, and says how many; others stay."""
    assert forget(pins, "192.0.2.1", 2222) == 0
    for name in (NAME, "192.0.2.1", "[192.0.2.1]:22222"):
        check(keys(pins), shown(b"one", name=name))
    assert forget(pins, "192.0.2.1", 2222) == 1
    assert [key.names for key in read(pins)] == [("192.0.2.1",), ("[192.0.2.1]:22222",)]
    assert stat.S_IMODE(pins.stat().st_mode) == 0o600
    check(keys(pins), shown(b"two"))


def test_a_line_without_newline_and_odd_bytes_survive(pins: Path) -> None:
    """A hand-made file is added to, not spoilt."""
    pins.parent.mkdir()
    old = b"# caf\xe9\n" + format_line("w9", "ssh-rsa", b"nine").rstrip().encode()
    pins.write_bytes(old)
    check(keys(pins), shown(b"one"))
    assert pins.read_bytes() == old + b"\n" + format_line(NAME, "ssh-ed25519", b"one").encode()


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """A clear error instead of an unpinned connection."""
    (tmp_path / "file").touch()
    with pytest.raises(TransportError, match="w1: SSH host keys cannot be kept"):
        check(keys(tmp_path / "file" / "known_hosts"), shown(b"one"))


def test_a_file_that_cannot_be_read_is_said(pins: Path, tmp_path: Path) -> None:
    """An unreadable known_hosts of the system is left out, and the log says so."""
    known = tmp_path / "known_hosts"
    known.mkdir()  # unreadable for root as well
    said: list[str] = []
    check(keys(pins, said), shown(b"one"), known)
    assert any(str(known) in line for line in said)
