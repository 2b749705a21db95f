"""The key that encrypts Secrets: made once, kept like every private key, never replaced."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kprov.model.cluster import ClusterSpec
from kprov.model.errors import PkiError
from kprov.model.secret import Secret
from kprov.pki.store import Pki
from kprov.state.folder import PrivateFolder

NOW = datetime(2026, 11, 26, tzinfo=UTC)
FILE = "encryption.key"


@pytest.fixture
def files(tmp_path: Path) -> PrivateFolder:
    return PrivateFolder(tmp_path / "pki")


def opened(files: PrivateFolder, passphrase: str | None = None) -> Pki:
    secret = None if passphrase is None else Secret(passphrase)
    return Pki.open(files, ClusterSpec(), now=NOW, passphrase=secret)


def test_it_is_32_bytes_and_its_name_does_not_give_it_away(files: PrivateFolder) -> None:
    """secretbox takes keys of 32 bytes in base64."""
    key = opened(files).encryption_key
    assert len(base64.b64decode(key.secret.reveal())) == 32
    assert key.name.startswith("kprov-")
    assert key.name.removeprefix("kprov-") not in key.secret.reveal()
    assert key.secret.reveal() not in repr(key)


def test_it_is_written_by_save_alone_and_stays(files: PrivateFolder) -> None:
    """A plan writes nothing; after an apply every run has the same key, in a file of 0600."""
    pki = opened(files)
    key = pki.encryption_key
    assert FILE not in files.names()
    assert FILE in pki.save()
    assert stat.S_IMODE(Path(files.location(FILE)).stat().st_mode) == 0o600
    again = opened(files)
    assert again.encryption_key == key
    assert FILE not in again.unsaved


def test_a_state_folder_from_before_gets_one(files: PrivateFolder) -> None:
    """Authorities without an encryption key: they stay, the key is added."""
    opened(files).save()
    Path(files.location(FILE)).unlink()
    pki = opened(files)
    assert pki.save() == (FILE,)


def test_a_passphrase_encrypts_it(files: PrivateFolder) -> None:
    """With KPROV_PASSPHRASE the key is not to be read from the folder; it is the same key."""
    plain = opened(files)
    key = plain.encryption_key
    plain.save()
    assert FILE in opened(files, "open sesame").save()
    stored = files.read(FILE)
    assert stored is not None
    assert b"ENCRYPTED" in stored
    assert opened(files, "open sesame").encryption_key == key
    with pytest.raises(PkiError, match="no passphrase"):
        _ = opened(files).encryption_key
    with pytest.raises(PkiError, match="does not open"):
        _ = opened(files, "wrong").encryption_key
    assert files.read(FILE) == stored


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_damaged_one_is_an_error_not_a_new_key(files: PrivateFolder, content: bytes) -> None:
    """A new key would make every Secret unreadable."""
    opened(files).save()
    files.write(FILE, content)
    with pytest.raises(PkiError, match=r"backup|PEM"):
        opened(files).save()
    assert files.read(FILE) == content


def test_a_key_of_another_kind_is_refused(files: PrivateFolder) -> None:
    """The service account's key in its place."""
    opened(files).save()
    other = files.read("service-account.key")
    assert other is not None
    files.write(FILE, other)
    with pytest.raises(PkiError, match="expected the 32 bytes"):
        _ = opened(files).encryption_key
