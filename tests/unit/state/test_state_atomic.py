"""Atomic writes and private folders, on a real file system."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kprov.model.errors import KprovError
from kprov.state.atomic import read_optional, write_atomic
from kprov.state.folder import PrivateFolder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_the_folders_they_need_are_their_owners_only(tmp_path: Path) -> None:
    """Files are 0600 and new folders 0700, whatever the umask is."""
    before = os.umask(0)
    try:
        write_atomic(tmp_path / "a" / "b" / "key", b"secret")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "b" / "key") == 0o600
    assert mode(tmp_path / "a" / "b") == mode(tmp_path / "a") == 0o700


def test_another_mode_can_be_asked_for(tmp_path: Path) -> None:
    """A file that others may read, whatever the umask is."""
    before = os.umask(0o077)
    try:
        write_atomic(tmp_path / "public", b"", mode=0o644)
    finally:
        os.umask(before)
    assert mode(tmp_path / "public") == 0o644


def test_a_write_that_fails_keeps_the_old_content_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk at fsync: the old file stands, no temporary file remains, the error says what."""
    path = tmp_path / "file"
    write_atomic(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KprovError, match=r"file: cannot be written: No space left"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_none_and_an_unreadable_one_is_an_error(tmp_path: Path) -> None:
    """None only for what is not there; a folder in its place is said to be unreadable."""
    assert read_optional(tmp_path / "none") is None
    with pytest.raises(KprovError, match="cannot be read"):
        read_optional(tmp_path)


def test_a_parent_that_is_a_file_is_reported(tmp_path: Path) -> None:
    """A file where a folder belongs: an error that names the path."""
    (tmp_path / "x").write_text("")
    with pytest.raises(KprovError, match="x/y: cannot be"):
        write_atomic(tmp_path / "x" / "y", b"")


def test_tighten_takes_the_rights_of_others_once(tmp_path: Path) -> None:
    """A checkout's 0644 becomes 0600; a second call has nothing to do; no file, nothing either."""
    folder = PrivateFolder(tmp_path)
    folder.write("k", b"")
    (tmp_path / "k").chmod(0o644)
    assert folder.tighten("k")
    assert mode(tmp_path / "k") == 0o600
    assert not folder.tighten("k")
    assert not folder.tighten("none")


def test_names_are_relative_and_without_temporary_files(tmp_path: Path) -> None:
    """What a crashed write left behind is not one of the folder's files."""
    folder = PrivateFolder(tmp_path / "pki")
    assert folder.names() == ()
    folder.write("leaves/cp1/etcd.key", b"")
    folder.write("ca.key", b"")
    (tmp_path / "pki" / ".ca.key.abc").write_bytes(b"half")
    assert folder.names() == ("ca.key", "leaves/cp1/etcd.key")
