"""Another passphrase for a state folder: all keys or none, whatever happens meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kprov.cli.main import main
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import PkiError
from kprov.model.secret import Secret
from kprov.pki.store import Pki
from kprov.state.folder import PrivateFolder

NOW = datetime.now(UTC)


def pki(folder: Path, passphrase: str | None) -> Pki:
    secret = Secret(passphrase) if passphrase else None
    return Pki.open(PrivateFolder(folder), ClusterSpec(), now=NOW, passphrase=secret)


@pytest.mark.parametrize("before", [None, "old words"])
def test_same_keys_under_another_passphrase(tmp_path: Path, before: str | None) -> None:
    """Authorities stay what they are; the old passphrase opens nothing any more."""
    folder = tmp_path / "pki"
    first = pki(folder, before)
    first.save()
    names = pki(folder, before).change_passphrase(Secret("new words"))
    assert len(names) == 5, "three authorities, service accounts, the encryption of Secrets"
    again = pki(folder, "new words")
    assert again.authority("etcd").cert_pem == first.authority("etcd").cert_pem
    assert again.authority("etcd").key_pem == first.authority("etcd").key_pem
    assert again.encryption_key == first.encryption_key
    assert again.unsaved == ()
    with pytest.raises(PkiError, match="does not open"):
        pki(folder, "old words").ensure_authorities()
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*.key"))
    assert [path.name for path in tmp_path.iterdir()] == ["pki"]


def test_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    """Not even the keys that it would have opened."""
    folder = tmp_path / "pki"
    pki(folder, "old words").save()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(PkiError, match="does not open"):
        pki(folder, "other words").change_passphrase(Secret("new words"))
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_stopped_between_the_two_renames(tmp_path: Path) -> None:
    """The old folder was moved aside, the new one not yet in its place: nothing is lost."""
    folder = PrivateFolder(tmp_path / "pki")
    folder.write("a.key", b"old")
    (tmp_path / "pki").rename(tmp_path / "pki.old")
    folder.recover()
    assert folder.read("a.key") == b"old"


def test_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Passphrases come from the environment: never from an argument."""
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(
        "cluster: {name: demo}\nall: {children: {kube_control_plane: {hosts: {192.0.2.1: }}}}\n"
    )
    pki(tmp_path / ".kprov/demo/pki", None).save()
    monkeypatch.delenv("KPROV_PASSPHRASE", raising=False)
    assert main(["passphrase", str(inventory)]) == 3
    assert "set KPROV_NEW_PASSPHRASE" in capsys.readouterr().err
    monkeypatch.setenv("KPROV_NEW_PASSPHRASE", "new words")
    assert main(["passphrase", str(inventory)]) == 0
    assert "5 keys" in capsys.readouterr().out
    pki(tmp_path / ".kprov/demo/pki", "new words").ensure_authorities()
