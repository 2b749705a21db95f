"""What travels: the same bytes for the same content, and readable by any tar."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov.model.change import Action, Change
from kprov.model.resource import Content, Resource
from kprov.sh.archive import BOOT, DELIVER, TarEntry, bundle, stitched
from kprov.sh.payload import LeaseTerms, payload_bundle, payload_script
from kprov.sh.probe import probe_bundle
from kprov.sh.reset import reset_bundle
from kprov.transport.base import check_boot

LEASE = LeaseTerms("run", "ann")


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return {its.name: archive.extractfile(its).read() for its in archive}  # type: ignore[union-attr]


@pytest.mark.parametrize("boot", [BOOT, DELIVER])
def test_boot_lines_survive_any_login_shell(boot: str) -> None:
    """Single quotes around them mean the same in sh, bash, csh and fish."""
    check_boot(boot)


@given(st.dictionaries(st.text("abc/", min_size=1).filter(lambda n: n.strip("/")), st.binary()))
def test_a_bundle_is_deterministic(files: dict[str, bytes]) -> None:
    """No times, no names of the packer."""
    assert bundle(files) == bundle(dict(files))
    with tarfile.open(fileobj=io.BytesIO(bundle(files)), mode="r:gz") as archive:
        assert {(its.mtime, its.uid, its.uname, its.mode) for its in archive} <= {(0, 0, "", 0o600)}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=3000), st.booleans()), max_size=6))
def test_stitched_archives_are_read_by_tar(files: list[tuple[bytes, bool]]) -> None:
    """Stored and compressed entries, of any size, in one stream that real tar accepts."""
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entries = []
        for number, (data, compressed) in enumerate(files):
            path = folder / f"source{number}"
            path.write_bytes(gzip.compress(data) if compressed else data)
            entries.append(TarEntry(f"f{number}", len(data), path, compressed))
        stream = b"".join(stitched(entries))
        target = folder / "out"
        target.mkdir()
        subprocess.run(["tar", "-xzf", "-", "-C", str(target)], input=stream, check=True)
        found = [(target / f"f{number}").read_bytes() for number in range(len(files))]
        assert found == [data for data, _ in files]


def test_a_payload_carries_each_content_once() -> None:
    """Named by its digest; the script names only digests."""
    content = Content(b"secret text", secret=True)
    expected = {"mode": "0600", "owner": "root", "group": "root", "sha256": content.sha256}
    changes = [
        Change(Resource("file", path, expected, {"secret": True}, content), Action.CREATE)
        for path in ("/a", "/b")
    ]
    files = unpacked(payload_bundle(changes, LEASE))
    assert list(files) == ["run", f"blobs/{content.sha256}"]
    assert hashlib.sha256(files[f"blobs/{content.sha256}"]).hexdigest() == content.sha256
    assert b"secret text" not in files["run"]


def test_only_the_last_payload_gives_the_lease_back_by_itself() -> None:
    """The others keep it for their successor."""
    change = Change(Resource("module", "x", {"present": True}), Action.CREATE)
    last = payload_script([change], LeaseTerms("run", "ann", last=True))
    first = payload_script([change], LeaseTerms("run", "ann"))
    assert "\nclear_incoming\n" in last
    assert "\nclear_incoming\n" not in first
    assert first.rstrip().splitlines()[-2] == "trap 'rm -rf \"$KPROV_TMP\"' EXIT"


def test_payloads_do_not_depend_on_the_moment() -> None:
    """The same work is the same bytes."""
    change = Change(Resource("module", "x", {"present": True}), Action.CREATE)
    assert payload_bundle([change], LEASE) == payload_bundle([change], LEASE)
    assert probe_bundle([change.resource]) == probe_bundle([change.resource])
    assert reset_bundle(LEASE, keep_binaries=False) != reset_bundle(LEASE, keep_binaries=True)


def test_a_probe_is_small() -> None:
    """It travels to every host at every look: a few kB."""
    assert len(probe_bundle([])) < 8192
