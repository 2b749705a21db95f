"""The cache of the test bed: whole folders only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.testbed import kubernetes
from tests.testbed.apt import PrivateApt
from tests.testbed.process import TestbedError, logged, output
from tests.testbed.store import Store, digest


def test_second_call_does_not_build(tmp_path: Path):
    """A folder is built once; the second call finds it."""
    calls = []

    def build(folder: Path) -> None:
        calls.append(folder)
        (folder / "x").write_text("1")

    store = Store(tmp_path)
    assert store.once("k", build) == store.once("k", build) == tmp_path / "k"
    assert len(calls) == 1
    assert (tmp_path / "k/x").read_text() == "1"


def test_a_build_that_breaks_off_leaves_nothing_to_find(tmp_path: Path):
    """After a failure the folder is not there, and the next build starts from an empty one."""

    def breaks(folder: Path) -> None:
        (folder / "half").write_text("")
        raise TestbedError("broke")

    store = Store(tmp_path)
    with pytest.raises(TestbedError, match="broke"):
        store.once("k", breaks)
    assert not (tmp_path / "k").exists()
    assert list(store.once("k", lambda folder: (folder / "whole").touch()).iterdir()) == [
        tmp_path / "k/whole"
    ]


def test_recall_finds_what_was_remembered_while_it_is_there(tmp_path: Path):
    """A remembered folder that someone removed is not returned."""
    store = Store(tmp_path)
    assert store.recall("a") is None
    for key in ("one", "two"):
        store.remember("a", store.once(key, lambda _: None))
    assert store.recall("a") == tmp_path / "two"
    (tmp_path / "two").rmdir()
    assert store.recall("a") is None


def test_lock_keeps_a_second_process_out(tmp_path: Path):
    """While one process builds, another one waits, and gets in when the first is done."""
    code = (
        "import sys; from pathlib import Path; from tests.testbed.store import Store\n"
        "with Store(Path(sys.argv[1])).locked(): print('in', flush=True)\n"
    )
    with Store(tmp_path).locked():
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=Path(__file__).parents[3],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert other.stderr is not None
        assert "waiting for another build" in other.stderr.readline()
        assert other.poll() is None
    out, _ = other.communicate(timeout=30)
    assert (out, other.returncode) == ("in\n", 0)


def test_digest_tells_apart_how_parts_are_cut():
    """`a, bc` and `ab, c` are different recipes."""
    assert digest("a", "bc") != digest("ab", "c")


def test_a_failed_command_says_what_it_ran_and_what_it_said(tmp_path: Path):
    """The message carries the command, the exit code and the end of the output."""
    with pytest.raises(TestbedError, match=r"exit 3 from: sh -c .*(?s:.*)so it is"):
        output(["sh", "-c", "echo so it is >&2; exit 3"])
    with pytest.raises(TestbedError, match="no such program"):
        output(["no-such-program-here"])
    log = tmp_path / "log"
    with pytest.raises(TestbedError, match=rf"so it is(?s:.*)whole log: {log}"):
        logged(["sh", "-c", "echo so it is; exit 3"], log)


@pytest.mark.parametrize("label", ["1.20.3", "v1.20", "v1.20.3/../x", "v1.20.3_a"])
def test_a_label_that_is_no_version_is_refused(tmp_path: Path, label: str):
    """The label becomes a path and a linker flag: only versions are let through."""
    with pytest.raises(TestbedError, match="expected one like"):
        kubernetes.build(Store(tmp_path), PrivateApt(tmp_path), "1.20.2-1", label)


class FakeApt(PrivateApt):
    """Hands out an empty source tree in place of Debian's, and counts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.unpacked = 0

    def unpack_source(self, package: str, version: str, into: Path) -> None:
        assert (package, version) == ("kubernetes", "1.20.2-1")
        self.unpacked += 1
        into.mkdir()


def test_source_of_a_broken_off_build_is_unpacked_afresh(tmp_path: Path):
    """A build that was killed may leave half a generated file: its tree is not used again."""
    store, apt = Store(tmp_path / "store"), FakeApt(tmp_path)
    tree = kubernetes.whole_source(store, apt, "1.20.2-1") / kubernetes.TREE
    (tree / "generated.go").write_text("packa")
    kubernetes.whole_source(store, apt, "1.20.2-1")
    assert apt.unpacked == 1
    (tree.parents[2] / kubernetes.UNFINISHED).touch()
    kubernetes.whole_source(store, apt, "1.20.2-1")
    assert apt.unpacked == 2
    assert not list(tree.iterdir())
