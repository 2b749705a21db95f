"""The archives of the test bed's mirror."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testbed.archives import Entry, programs, sums, tar, tar_gz

NAMES = st.text("abcdefgh-._", min_size=1, max_size=20).filter(lambda name: name.strip("."))
ENTRIES = st.dictionaries(NAMES, st.binary(max_size=300), max_size=8).map(
    lambda files: [Entry(name, content) for name, content in files.items()]
)


@given(ENTRIES, st.randoms())
def test_order_of_entries_does_not_change_the_archive(entries, random):
    """The same members, given in any order, make the same bytes."""
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert tar_gz(shuffled) == tar_gz(entries)


@given(ENTRIES)
def test_every_entry_comes_back(entries):
    """What goes in comes out: names, content, mode; owner root, one fixed time."""
    with tarfile.open(fileobj=io.BytesIO(tar_gz(entries))) as archive:
        members = {member.name: member for member in archive}
        assert members.keys() == {entry.name for entry in entries}
        for entry in entries:
            stream = archive.extractfile(entry.name)
            assert stream is not None
            assert stream.read() == entry.content
            member = members[entry.name]
            assert (member.mode, member.uid, member.gid) == (0o755, 0, 0)
        assert len({member.mtime for member in archive}) <= 1


def test_gzip_header_holds_no_time(monkeypatch: pytest.MonkeyPatch):
    """Packed in another year, the bytes are the same (RFC 1952: MTIME is bytes 4 to 7)."""
    now = tar_gz([Entry("a", b"x")])
    monkeypatch.setattr(time, "time", lambda: 1.0)
    assert tar_gz([Entry("a", b"x")]) == now
    assert now[4:8] == b"\0\0\0\0"
    assert gzip.decompress(now) == tar([Entry("a", b"x")])


def test_folders_come_before_what_is_in_them():
    """Unpackers that do not make parents find the folder first, also when `a-b` sorts between."""
    entries = [Entry("a/x", b""), Entry("a-b", b""), Entry("a")]
    with tarfile.open(fileobj=io.BytesIO(tar(entries))) as archive:
        assert archive.getnames() == ["a", "a/x", "a-b"]


def test_programs_are_executable_members_of_one_folder(tmp_path: Path):
    """An unpacked archive runs: programs get mode 0755 whatever the file on disk had."""
    (tmp_path / "ctr").write_bytes(b"elf")
    (tmp_path / "ctr").chmod(0o600)
    found = programs([tmp_path / "ctr"], "bin")
    assert found == [Entry("bin"), Entry("bin/ctr", b"elf", 0o755)]


def test_checksum_list_is_what_sha256sum_checks(tmp_path: Path):
    """The list is read by the real sha256sum, and a changed file fails it."""
    files = {"b.tgz": b"two", "a.tgz": b"one"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "SHA256SUMS").write_text(sums(files.items()))
    check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(check, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "b.tgz").write_bytes(b"other")
    assert subprocess.run(check, cwd=tmp_path, check=False, capture_output=True).returncode == 1
