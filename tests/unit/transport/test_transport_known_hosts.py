"""The known_hosts format, against ssh-keygen where that is there."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.model.errors import Location
from kprov.transport.known_hosts import (
    fingerprint,
    format_line,
    host_key_name,
    parse_line,
    read,
    without,
)

BLOB = base64.b64encode(b"a key").decode()
needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen")


@pytest.mark.parametrize(
    ("names", "name", "matches"),
    [
        ("w1", "w1", True),
        ("W1,w2", "w1", True),
        ("w1,192.0.2.1", "192.0.2.1", True),
        ("w1", "w11", False),
        ("w?", "w1", True),
        ("*.example.com", "a.example.com", True),
        ("*.example.com,!b.example.com", "b.example.com", False),
        ("[192.0.2.1]:2222", "[192.0.2.1]:2222", True),
        ("[192.0.2.1]:2222", "192.0.2.1", False),
        ("[192.0.2.*]:2222", "[192.0.2.7]:2222", True),
        ("|1|not|base64!", "w1", False),
    ],
)
def test_names(names: str, name: str, matches: bool) -> None:
    """sshd(8): lists, wildcards, negation, ports; brackets are no wildcard."""
    key = parse_line(f"{names} ssh-ed25519 {BLOB}", Location("f", 1))
    assert key is not None
    assert key.matches(name) is matches


@pytest.mark.parametrize(
    "line", ["", "# comment", "w1 ssh-ed25519", "w1 ssh-ed25519 !!!", "w1 1024 35", "@revoked w1 x"]
)
def test_what_is_no_key_is_left_out(line: str) -> None:
    """As OpenSSH does: no error, no match."""
    assert parse_line(line, Location("f", 1)) is None


def test_markers_and_places(tmp_path: Path) -> None:
    """Line numbers count comments; markers are kept; a missing file has no keys."""
    file = tmp_path / "known_hosts"
    file.write_text(f"# one\n\n@revoked w1 ssh-rsa {BLOB} comment\nw2 ssh-rsa {BLOB}")
    first, second = read(file)
    assert (first.marker, first.location) == ("@revoked", Location(str(file), 3))
    assert (second.marker, second.location.line, second.blob) == ("", 4, b"a key")
    assert read(tmp_path / "missing") == ()


@pytest.mark.parametrize(
    ("address", "port", "name"),
    [
        ("w1", 22, "w1"),
        ("W1", 22, "w1"),
        ("192.0.2.1", 2222, "[192.0.2.1]:2222"),
        ("2001:db8::1", 22, "2001:db8::1"),
    ],
)
def test_how_an_address_is_called(address: str, port: int, name: str) -> None:
    """As ssh itself writes it."""
    assert host_key_name(address, port) == name


@needs_keygen
def test_hashed_names_and_fingerprints_as_ssh_keygen_makes_them(tmp_path: Path) -> None:
    """Hashed lines match, fingerprints are the same text, and removal finds hashed lines."""
    key, file = tmp_path / "key", tmp_path / "known_hosts"
    make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
    subprocess.run(make, check=True)
    public = Path(f"{key}.pub").read_text().split()
    blob = base64.b64decode(public[1])
    file.write_text(format_line("[192.0.2.1]:2222", public[0], blob))
    subprocess.run(["ssh-keygen", "-H", "-f", str(file)], check=True, capture_output=True)
    (hashed,) = read(file)
    assert hashed.matches("[192.0.2.1]:2222")
    assert not hashed.matches("[192.0.2.1]:2223")
    shown = subprocess.run(["ssh-keygen", "-lf", key], check=True, capture_output=True, text=True)
    assert fingerprint(blob) == shown.stdout.split()[1]
    assert without(file.read_text(), "[192.0.2.1]:2222") == ("", 1)


names = st.sampled_from(["w1", "w2", "[w1]:2222", "192.0.2.1"])


@given(st.lists(st.tuples(names, st.binary(min_size=1, max_size=8))), names)
def test_removal_leaves_everything_else(keys: list[tuple[str, bytes]], gone: str) -> None:
    """Property: without(name) drops exactly that name's lines, and keeps the others' text."""
    text = "# mine\n" + "".join(format_line(name, "ssh-ed25519", blob) for name, blob in keys)
    kept, removed = without(text, gone)
    assert removed == sum(name == gone for name, _ in keys)
    others = [(name, blob) for name, blob in keys if name != gone]
    assert kept == "# mine\n" + "".join(format_line(n, "ssh-ed25519", b) for n, b in others)
