"""State that several runners share in a bucket, over real HTTP: nobody overwrites anybody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError, KprovError, PkiError
from kprov.model.secret import Secret
from kprov.pki.store import Pki
from kprov.state.directory import StateDir, open_state
from kprov.state.remote import StateConflictError
from tests.integration import bucket
from tests.integration.bucket import Bucket

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=["s3", "blob"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bucket]:
    """Each kind of bucket."""
    with getattr(bucket, request.param)(tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
def place(server: Bucket, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An address that no other test uses; the environment opens it."""
    for name, value in {**server.environment, "KPROV_PASSPHRASE": "open sesame"}.items():
        monkeypatch.setenv(name, value)
    return f"{server.url}/{request.node.originalname}"


def opened(place: str) -> StateDir:
    """As a command opens it."""
    return open_state(Path("inventory.yaml"), "demo", place)


def pki(state: StateDir, passphrase: str = "open sesame") -> Pki:
    return Pki.open(state.pki, ClusterSpec(), now=NOW, passphrase=Secret(passphrase))


def test_the_next_runner_has_what_the_first_has_made(place: str) -> None:
    """Authorities, pins, journal: another computer goes on with them; keys are encrypted."""
    first = opened(place)
    with first.lock(NOW):
        made = pki(first)
        made.save()
        first.save_pod_cidrs({"w1": "10.244.0.0/24"})
        first.write_text(first.kubeconfig, "secret")
    second = opened(place)
    assert second.root != first.root
    assert second.load_pod_cidrs() == {"w1": "10.244.0.0/24"}
    assert pki(second).authority("kubernetes").cert_pem == made.authority("kubernetes").cert_pem
    assert not second.kubeconfig.exists()
    keys = list(second.root.rglob("*.key"))
    assert keys
    for key in keys:
        assert b"ENCRYPTED" in key.read_bytes()
        assert key.stat().st_mode & 0o777 == 0o600


def test_of_two_at_once_one_wins(place: str) -> None:
    """Both begin from the same state: the second is told before it touches a host."""
    one, other = opened(place), opened(place)
    one.save_pod_cidrs({"w1": "10.244.0.0/24"})
    one.publish()
    other.save_pod_cidrs({"w2": "10.244.0.0/24"})
    with pytest.raises(StateConflictError, match="somebody else has written") as caught:
        other.publish()
    assert caught.value.exit_code == 1
    assert opened(place).load_pod_cidrs() == {"w1": "10.244.0.0/24"}
    one.save_pod_cidrs({"w1": "10.244.1.0/24"})
    one.publish()
    assert opened(place).load_pod_cidrs() == {"w1": "10.244.1.0/24"}


def test_of_two_first_ones_one_wins(place: str) -> None:
    """There was no state yet: two runners must not make two sets of authorities."""
    one, other = opened(place), opened(place)
    for state in (one, other):
        pki(state).save()
    one.publish()
    with pytest.raises(StateConflictError):
        other.publish()


def test_nothing_changed_writes_nothing(place: str) -> None:
    """A plan, or an apply with nothing to do, is nobody's conflict."""
    first = opened(place)
    first.save_pod_cidrs({"w1": "10.244.0.0/24"})
    first.publish()
    reader, writer = opened(place), opened(place)
    writer.save_pod_cidrs({})
    writer.publish()
    reader.publish()
    assert opened(place).load_pod_cidrs() == {}


def test_wrong_passphrase(place: str) -> None:
    """Nothing is made anew, nothing is written."""
    first = opened(place)
    pki(first).save()
    first.publish()
    with pytest.raises(PkiError, match="does not open with the passphrase"):
        pki(opened(place), "close barley").save()


def test_without_passphrase(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain keys do not go into a bucket."""
    monkeypatch.delenv("KPROV_PASSPHRASE")
    with pytest.raises(InputError, match="there is no passphrase") as caught:
        opened(place)
    assert caught.value.exit_code == 3


def test_no_such_bucket(place: str) -> None:
    """Before a host gets anything of what was made."""

    def first_apply() -> None:
        state = opened(f"{place.partition('://')[0]}://nowhere/demo")
        pki(state).save()
        state.publish()

    with pytest.raises(KprovError, match="nowhere"):
        first_apply()


def test_altered_object(place: str) -> None:
    """Something else under that name: an error that names it, and no file anywhere else."""
    first = opened(place)
    first.save_pod_cidrs({})
    first.publish()
    assert first.remote is not None
    import obstore

    obstore.put(first.remote._store, "state.tar.gz", b"not a tar")
    with pytest.raises(KprovError, match="not a state that kprov has written"):
        opened(place)
