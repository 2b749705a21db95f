"""Where the state of a cluster is."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kprov.model.errors import KprovError
from kprov.state.directory import StateDir, open_state

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_state_is_beside_the_inventory_file_or_inside_the_inventory_folder(tmp_path: Path) -> None:
    """`.kprov/CLUSTER`, as an absolute path."""
    (tmp_path / "prod").mkdir()
    (tmp_path / "prod" / "hosts.yaml").write_text("")
    expected = tmp_path / "prod" / ".kprov" / "demo"
    assert open_state(tmp_path / "prod" / "hosts.yaml", "demo").root == expected
    assert open_state(tmp_path / "prod", "demo").root == expected


def test_the_override_is_the_folder_itself(tmp_path: Path) -> None:
    """`--state DIR` is not extended by the cluster's name."""
    assert open_state(Path("hosts.yaml"), "demo", tmp_path / "s").root == tmp_path / "s"


def test_opening_and_reading_leave_no_trace(tmp_path: Path) -> None:
    """A plan must not write: nothing is made until something is written."""
    state = open_state(tmp_path / "hosts.yaml", "demo")
    assert state.read_text(state.lock_file) is None
    assert state.load_pod_cidrs() == {}
    assert list(state.journal.entries()) == []
    assert state.pki.read("kubernetes-ca.key") is None
    assert list(tmp_path.iterdir()) == []


def test_pod_cidrs_survive_a_round_trip_and_damage_is_reported(tmp_path: Path) -> None:
    """Saved allocations come back; a damaged file is an error that names it."""
    state = open_state(tmp_path / "hosts.yaml", "demo")
    state.save_pod_cidrs({"b": "10.244.1.0/24", "a": "10.244.0.0/24"})
    assert state.load_pod_cidrs() == {"a": "10.244.0.0/24", "b": "10.244.1.0/24"}
    state.pod_cidrs_file.write_text('{"a": "no network"}')
    with pytest.raises(KprovError, match=r"pod_cidrs\.json: is not a map"):
        state.load_pod_cidrs()


def test_text_that_is_not_utf8_is_reported(tmp_path: Path) -> None:
    """No traceback for a file that something else has overwritten."""
    state = open_state(tmp_path / "hosts.yaml", "demo")
    state.write_text(state.lock_file, "x")
    state.lock_file.write_bytes(b"\xff\xfe")
    with pytest.raises(KprovError, match=r"kprov\.lock: is not UTF-8"):
        state.read_text(state.lock_file)


def test_in_version_control(tmp_path: Path) -> None:
    """git ignores what is this computer's alone, and shows no diff of keys; own words stay."""
    state = StateDir(tmp_path / ".kprov/demo")
    with state.lock(NOW):
        state.pki.write("a.key", b"secret")
        state.write_text(state.kubeconfig, "secret")

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(tmp_path), *words], capture_output=True, text=True, check=True
        ).stdout

    git("init", "--quiet")
    git("add", ".")
    added = git("ls-files").split()
    assert ".kprov/demo/pki/a.key" in added
    assert not {".kprov/demo/kubeconfig", ".kprov/demo/lock"} & set(added)
    assert git("check-attr", "diff", ".kprov/demo/pki/a.key").strip().endswith("diff: unset")
    (state.root / ".gitignore").write_text("/mine\n")
    with state.lock(NOW):
        pass
    assert (state.root / ".gitignore").read_text() == "/mine\n"
