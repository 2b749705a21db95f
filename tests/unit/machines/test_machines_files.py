"""Files of machines: keys, hosts, records, locks."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.machines import keys, records, seed
from kprov.machines.folders import Folders, lock_if_free, locked, write_atomically
from kprov.machines.keys import private_key, public_key
from kprov.machines.records import ClusterRecord, MachineRecord
from kprov.machines.values import LocalSpec, Machine, Network
from kprov.model.errors import LocalMachineError

LINES = st.lists(st.text("ab .#0123456789", max_size=20).map(lambda line: f"{line}\n")).map("".join)
MACHINES = st.lists(
    st.builds(Machine, st.sampled_from(["a", "b", "c"]), st.sampled_from(["10.0.0.2", "10.0.0.3"]))
)


def test_key_is_made_once_and_private(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, and the same key ever after."""
    old = os.umask(0)
    try:
        path = private_key(tmp_path)
    finally:
        os.umask(old)
    content = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert private_key(tmp_path) == path
    assert path.read_bytes() == content


def test_openssh_reads_our_keys(tmp_path: Path) -> None:
    """ssh-keygen finds the same public half as we do."""
    path = private_key(tmp_path)
    said = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(path)], check=True, capture_output=True, text=True
    )
    assert said.stdout.split()[:2] == public_key(path).split()


def test_damaged_key_is_an_error_with_its_place(tmp_path: Path) -> None:
    """A key file that is none: which one, and what to do."""
    path = tmp_path / "id"
    path.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nxx\n-----END OPENSSH PRIVATE KEY-----\n")
    with pytest.raises(LocalMachineError, match="remove the file"):
        public_key(path)


def test_private_half_does_not_show() -> None:
    """A key pair in an error or log shows its public half only."""
    pair = keys.generate()
    assert "PRIVATE" not in repr(pair)
    assert pair.public.startswith("ssh-ed25519 ")


@given(LINES, MACHINES, MACHINES)
def test_hosts_keeps_what_others_wrote(
    text: str, first: list[Machine], then: list[Machine]
) -> None:
    """Our block is replaced as a whole; every other line stays, in place."""
    once = seed.hosts(text, first)
    again = seed.hosts(once, then)
    assert seed.hosts(again, then) == again
    assert again == seed.hosts(text, then)
    assert again.startswith(text)


def test_hosts_without_a_last_newline() -> None:
    """A line that nobody ended is not glued to ours."""
    assert seed.hosts("10.0.0.9 x", []).startswith("10.0.0.9 x\n")


def test_settings_tell_the_machine_its_network() -> None:
    """The address with the network's prefix, and the way out over this computer."""
    machine = Machine("cp1", "10.97.9.11")
    spec = LocalSpec("demo", (machine,), Network("kprov0", "10.97.9.1/25"))
    assert "network host0 10.97.9.11/25 10.97.9.1\n" in seed.settings(spec, machine)


def record(boot_id: str) -> ClusterRecord:
    return ClusterRecord("demo", "/cache", "kprov0", "10.97.9.1/24", boot_id)


def test_cluster_record_comes_back(tmp_path: Path) -> None:
    """What was written is read, within the same boot."""
    (tmp_path / "demo").mkdir()
    records.save_cluster(record(records.boot_id()), tmp_path)
    assert records.load_cluster("demo", tmp_path) == record(records.boot_id())


def test_record_from_before_a_reboot_counts_for_nothing(tmp_path: Path) -> None:
    """/run is not a tmpfs everywhere: the boot id tells."""
    (tmp_path / "demo").mkdir()
    records.save_cluster(record("another-boot"), tmp_path)
    assert records.load_cluster("demo", tmp_path) is None
    assert records.is_written("demo", tmp_path)


def test_forgetting_leaves_no_folder_but_others(tmp_path: Path) -> None:
    """The last cluster takes the folders above with it."""
    run = tmp_path / "kprov" / "local"
    for cluster in ("demo", "other"):
        (run / cluster).mkdir(parents=True)
    records.forget_cluster("demo", run)
    assert [path.name for path in run.iterdir()] == ["other"]
    records.forget_cluster("other", run)
    assert not run.parent.exists()


def test_a_half_made_machine_is_none(tmp_path: Path) -> None:
    """The record is written last: a folder without it is not a machine."""
    folders = Folders(tmp_path)
    folders.machine("demo", "half").mkdir(parents=True)
    folders.machine("demo", "whole").mkdir(parents=True)
    whole = MachineRecord("whole", "10.97.9.11", "base-1", "ssh-ed25519 AAAA")
    records.save_machine(folders, "demo", whole)
    assert records.machines(folders, "demo") == (whole,)


def test_lock_is_exclusive_and_leaves_nothing(tmp_path: Path) -> None:
    """A second taker sees that it is busy; the folder holds no lock file."""
    folder = tmp_path / "demo"
    with locked(folder, lambda: pytest.fail("nobody else is here")), lock_if_free(folder) as got:
        assert got is None
    with lock_if_free(folder) as got:
        assert got is not None
    assert list(folder.iterdir()) == []


def test_waiter_gets_a_folder_that_is_there(tmp_path: Path) -> None:
    """The owner removes the folder and lets go: whoever waited makes it anew and holds that one."""
    folder = tmp_path / "demo"
    waits, found = threading.Event(), []

    def second() -> None:
        with locked(folder, waits.set):
            found.append(folder.is_dir())
            with lock_if_free(folder) as got:
                found.append(got is None)

    with locked(folder, lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        folder.rmdir()
    thread.join(10)
    assert found == [True, True]


def test_atomic_write_replaces_and_leaves_no_temporary(tmp_path: Path) -> None:
    """Content and mode are the new ones, and nothing else lies around."""
    path = tmp_path / "file"
    write_atomically(path, b"old", 0o644)
    write_atomically(path, b"new", 0o600)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
