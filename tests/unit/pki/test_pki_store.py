"""The PKI of a cluster: made once, kept, renewed when it must be."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kprov.model.cluster import ClusterSpec, PkiSpec
from kprov.model.errors import KprovError, PkiError
from kprov.model.secret import Secret
from kprov.pki.request import AUTHORITY_NAMES, CertificateRequest
from kprov.pki.store import Pki
from kprov.state.folder import PrivateFolder

NOW = datetime(2026, 11, 21, 10, 0, 30, tzinfo=UTC)
SPEC = ClusterSpec(name="demo")
REQUEST = CertificateRequest(
    name="kube-apiserver",
    authority="kubernetes",
    common_name="kube-apiserver",
    lifetime=timedelta(days=365),
    alternative_names=("cp1", "192.0.2.11", "::1"),
    usage="server",
    host="cp1",
)


@pytest.fixture
def files(tmp_path: Path) -> PrivateFolder:
    return PrivateFolder(tmp_path / "pki")


def opened(
    files: PrivateFolder, now: datetime = NOW, passphrase: str | None = None, **pki: object
) -> Pki:
    spec = SPEC.model_copy(update={"pki": PkiSpec.model_validate(pki)}) if pki else SPEC
    return Pki.open(
        files, spec, now=now, passphrase=None if passphrase is None else Secret(passphrase)
    )


def snapshot(files: PrivateFolder) -> dict[str, bytes | None]:
    return {name: files.read(name) for name in files.names()}


def parsed(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def test_a_plan_writes_nothing(files: PrivateFolder) -> None:
    """Authorities and leaves are made in memory; the folder is not even there."""
    pki = opened(files)
    leaf = pki.leaf(REQUEST)
    assert leaf.reason == "there is none yet"
    assert len(pki.unsaved) == 2 * 3 + 2 + 2 + 1
    assert not files.root.exists()


def test_the_second_run_has_the_same_bytes_and_nothing_to_save(files: PrivateFolder) -> None:
    """In the same run, and in the next one: same certificate, same key, nothing written."""
    first = opened(files)
    leaf = first.leaf(REQUEST)
    assert first.leaf(REQUEST) == leaf
    assert "kubernetes-ca.key" in first.save()
    before = snapshot(files)

    second = opened(files, NOW + timedelta(days=1))
    assert second.leaf(REQUEST) == replace(leaf, reason=None)
    assert second.service_account == first.service_account
    assert second.authority("etcd").cert_pem == first.authority("etcd").cert_pem
    assert second.save() == ()
    assert snapshot(files) == before


def test_keys_are_private_and_tightened_when_they_are_not(files: PrivateFolder) -> None:
    """0600 when made; a checkout that has lost it gets it back with the next save."""
    opened(files).save()
    key = files.root / "kubernetes-ca.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    key.chmod(0o644)
    opened(files).save()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"alternative_names": ("cp1", "192.0.2.12", "::1")},
            r"change: \+192\.0\.2\.12, -192\.0\.2\.11",
        ),
        ({"common_name": "other"}, "its subject is CN=kube-apiserver"),
        ({"organizations": ("g",)}, "its subject is"),
        ({"authority": "etcd"}, "not signed by the present etcd authority"),
        ({"usage": "client"}, "not for usage as client"),
    ],
)
def test_a_leaf_is_issued_anew_when_its_request_changes(
    files: PrivateFolder, change: dict[str, object], reason: str
) -> None:
    """The reason is told; the new one does what was asked and stays from then on."""
    opened(files).leaf(REQUEST)
    first = opened(files)
    first.leaf(REQUEST)
    first.save()
    request = replace(REQUEST, **change)  # type: ignore[arg-type]
    second = opened(files)
    leaf = second.leaf(request)
    assert re.search(reason, leaf.reason or "")
    second.save()
    assert opened(files).leaf(request) == replace(leaf, reason=None)


def test_the_order_of_names_does_not_matter(files: PrivateFolder) -> None:
    """The same names in another order, and written twice, are no change."""
    pki = opened(files)
    leaf = pki.leaf(REQUEST)
    names = ("0:0::1", *REQUEST.alternative_names[::-1])
    assert pki.leaf(replace(REQUEST, alternative_names=names)) == leaf


@pytest.mark.parametrize(
    ("days", "kept"), [(0, True), (243, True), (244, False), (364, False), (500, False)]
)
def test_a_leaf_is_renewed_when_less_than_a_third_of_its_life_is_left(
    files: PrivateFolder, days: int, kept: bool
) -> None:
    """365 days: day 243 keeps it, day 244 does not (design: a third of their life)."""
    first = opened(files)
    leaf = first.leaf(REQUEST)
    first.save()
    later = opened(files, NOW + timedelta(days=days)).leaf(REQUEST)
    assert (later.key_pem == leaf.key_pem) is kept
    assert later.not_after - NOW - timedelta(days=days) >= timedelta(days=365) / 3


def test_an_expired_bootstrap_certificate_stays_when_the_caller_allows_it(
    files: PrivateFolder,
) -> None:
    """A node that has its own certificate needs no new one; a change of names still counts."""
    request = replace(REQUEST, name="kubelet-bootstrap", lifetime=timedelta(hours=24))
    first = opened(files)
    leaf = first.leaf(request)
    first.save()
    later = opened(files, NOW + timedelta(days=30))
    assert later.leaf(request, allow_expired=True).cert_pem == leaf.cert_pem
    renewed = later.leaf(request)
    assert renewed.reason is not None
    assert "has ended" in renewed.reason


def test_a_damaged_leaf_is_replaced(files: PrivateFolder) -> None:
    """Leaves can always be made again: a cut-off file or a lost key is no reason to stop."""
    first = opened(files)
    first.leaf(REQUEST)
    first.save()
    for name in ("leaves/cp1/kube-apiserver.crt", "leaves/cp1/kube-apiserver.key"):
        files.write(name, b"-----BEGIN PRIVATE KEY-----\nMIG")
        pki = opened(files)
        assert pki.leaf(REQUEST).reason == "there is none yet"
        assert len(pki.save()) == 2
        assert opened(files).leaf(REQUEST).reason is None
    (files.root / "leaves/cp1/kube-apiserver.key").unlink()
    assert opened(files).leaf(REQUEST).reason == "there is none yet"


@pytest.mark.parametrize("half", ["kubernetes-ca.crt", "etcd-ca.key"])
def test_half_an_authority_is_never_replaced(files: PrivateFolder, half: str) -> None:
    """The error names the file that is missing; what is left stays as it was."""
    opened(files).save()
    (files.root / half).unlink()
    before = snapshot(files)
    pki = opened(files)
    with pytest.raises(PkiError, match=f"{half}: the .* authority is incomplete"):
        pki.leaf(REQUEST)
    with pytest.raises(PkiError):
        pki.save()
    assert snapshot(files) == before


def test_a_key_of_another_authority_is_refused(files: PrivateFolder) -> None:
    """Mixed-up backups: certificate and key must belong together."""
    opened(files).save()
    files.write("kubernetes-ca.key", files.read("etcd-ca.key") or b"")
    with pytest.raises(PkiError, match="do not belong together"):
        opened(files).ensure_authorities()


@pytest.mark.parametrize("name", ["kubernetes-ca.crt", "front-proxy-ca.key", "service-account.key"])
def test_a_damaged_authority_is_an_error_that_says_what_to_restore(
    files: PrivateFolder, name: str
) -> None:
    """Not a traceback, and never a new authority in its place."""
    opened(files).save()
    files.write(name, b"-----BEGIN PRIVATE KEY-----\nxx")
    before = snapshot(files)
    with pytest.raises(PkiError, match=f"{name}: is not a .* in PEM format") as caught:
        opened(files).save()
    assert "restore" in str(caught.value)
    assert snapshot(files) == before


def test_an_unreadable_file_is_an_error_that_names_it(files: PrivateFolder) -> None:
    """A folder stands in for a file that the user may not read (tests may run as root)."""
    opened(files).save()
    (files.root / "etcd-ca.key").unlink()
    (files.root / "etcd-ca.key").mkdir()
    with pytest.raises(PkiError, match=r"etcd-ca\.key: cannot be read"):
        opened(files).ensure_authorities()


def test_a_certificate_that_is_no_authority_is_refused(files: PrivateFolder) -> None:
    """A leaf put in the authority's place could not sign anything that is accepted."""
    pki = opened(files)
    leaf = pki.leaf(REQUEST)
    pki.save()
    files.write("etcd-ca.crt", leaf.cert_pem.encode())
    files.write("etcd-ca.key", leaf.key_pem.reveal().encode())
    with pytest.raises(PkiError, match="may not sign others"):
        opened(files).ensure_authorities()


def test_clocks_that_cannot_be_right_are_reported(files: PrivateFolder) -> None:
    """Before an authority's beginning and after its end nothing can be issued."""
    opened(files).save()
    with pytest.raises(PkiError, match="this computer's clock says 2026-11-20"):
        opened(files, NOW - timedelta(days=1)).ensure_authorities()
    with pytest.raises(PkiError, match="has ended on 2036-11-18"):
        opened(files, NOW + timedelta(days=3651)).ensure_authorities()


def test_a_leaf_ends_no_later_than_its_authority(files: PrivateFolder) -> None:
    """An authority with 100 days left signs for 100 days."""
    pki = opened(files, ca_days=100)
    assert pki.leaf(REQUEST).not_after == pki.authority("kubernetes").not_after


def test_with_a_passphrase_every_key_is_encrypted(files: PrivateFolder) -> None:
    """On disk only; hosts get the plain key, the same one in every run."""
    first = opened(files, passphrase="s3cret")
    leaf = first.leaf(REQUEST)
    first.save()
    keys = [name for name in files.names() if name.endswith(".key")]
    assert len(keys) == 6
    assert all(b"BEGIN ENCRYPTED PRIVATE KEY" in (files.read(name) or b"") for name in keys)
    second = opened(files, passphrase="s3cret")
    assert second.leaf(REQUEST) == replace(leaf, reason=None)
    assert second.service_account == first.service_account
    assert second.save() == ()
    load_pem_private_key(leaf.key_pem.reveal().encode(), None)


@pytest.mark.parametrize(
    ("passphrase", "message"),
    [("wrong", "does not open with the passphrase"), (None, "encrypted, and there is no")],
)
def test_a_wrong_or_missing_passphrase_changes_nothing(
    files: PrivateFolder, passphrase: str | None, message: str
) -> None:
    """A clear error, even when a part of the PKI is still to be made."""
    first = opened(files, passphrase="s3cret")
    first.leaf(REQUEST)
    first.save()
    for name in ("etcd-ca.crt", "etcd-ca.key"):
        (files.root / name).unlink()
    before = snapshot(files)
    pki = opened(files, passphrase=passphrase)
    with pytest.raises(PkiError, match=message) as caught:
        pki.leaf(REQUEST)
    assert "KPROV_PASSPHRASE" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert snapshot(files) == before


def test_a_leaf_key_under_another_passphrase_is_not_replaced(files: PrivateFolder) -> None:
    """It is a sign that folders were mixed up, not damage."""
    first = opened(files)
    first.leaf(REQUEST)
    first.save()
    other = PrivateFolder(files.root.parent / "other")
    second = opened(other, passphrase="b")
    second.leaf(REQUEST)
    second.save()
    name = "leaves/cp1/kube-apiserver.key"
    files.write(name, other.read(name) or b"")
    with pytest.raises(PkiError, match="does not open"):
        opened(files, passphrase="a").leaf(REQUEST)


def test_a_passphrase_set_later_encrypts_the_keys_that_are_there(files: PrivateFolder) -> None:
    """The keys stay the same keys."""
    first = opened(files)
    leaf = first.leaf(REQUEST)
    first.save()
    second = opened(files, passphrase="s3cret")
    assert second.leaf(REQUEST).key_pem == leaf.key_pem
    assert all(name.endswith(".key") for name in second.save())
    assert all(
        b"ENCRYPTED" in (files.read(name) or b"") for name in files.names() if name.endswith(".key")
    )
    assert opened(files, passphrase="s3cret").leaf(REQUEST).key_pem == leaf.key_pem


def test_extensions_follow_rfc_5280(files: PrivateFolder) -> None:
    """Constraints, usages and key identifiers of an authority and of a leaf."""
    pki = opened(files)
    authority = pki.authority("kubernetes").certificate
    leaf = parsed(pki.leaf(REQUEST).cert_pem)

    def extension(cert: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.Extension:  # type: ignore[type-arg]
        return cert.extensions.get_extension_for_class(kind)

    for cert, is_authority in ((authority, True), (leaf, False)):
        constraints = extension(cert, x509.BasicConstraints)
        assert constraints.critical
        assert constraints.value.ca is is_authority
        usage = extension(cert, x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature
        assert usage.value.key_cert_sign is is_authority
        identifier = extension(cert, x509.AuthorityKeyIdentifier).value.key_identifier
        assert identifier == extension(authority, x509.SubjectKeyIdentifier).value.digest
        assert cert.not_valid_before_utc == datetime(2026, 11, 21, 9, 55, 30, tzinfo=UTC)
    assert leaf.not_valid_after_utc == NOW + timedelta(days=365)
    assert authority.not_valid_after_utc == NOW + timedelta(days=3650)
    names = extension(leaf, x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["cp1"]
    assert [str(a) for a in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.11", "::1"]


def test_serial_numbers_are_large_and_differ(files: PrivateFolder) -> None:
    """Random, positive, at most 128 bits."""
    pki = opened(files)
    serials = {
        parsed(pki.leaf(replace(REQUEST, host=f"h{i}")).cert_pem).serial_number for i in range(50)
    }
    assert len(serials) == 50
    assert all(0 < serial < 2**128 for serial in serials)
    assert max(serials) > 2**100


def test_rsa_is_selectable(files: PrivateFolder) -> None:
    """3072 bits for authorities, 2048 for leaves; TLS 1.2 key exchange is allowed."""
    pki = opened(files, algorithm="rsa")
    authority, leaf = pki.authority("etcd").key, parsed(pki.leaf(REQUEST).cert_pem)
    assert isinstance(authority, rsa.RSAPrivateKey)
    assert authority.key_size == 3072
    assert isinstance(key := leaf.public_key(), rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_encipherment


def test_an_authority_of_ones_own_is_used(files: PrivateFolder) -> None:
    """Put in place before the first apply, it signs; nothing is written over it."""
    own = PrivateFolder(files.root.parent / "own")
    opened(own, algorithm="rsa").save()
    for name in ("kubernetes-ca.crt", "kubernetes-ca.key"):
        files.write(name, own.read(name) or b"")
    pki = opened(files)
    pki.leaf(REQUEST)
    assert "kubernetes-ca.key" not in pki.save()
    assert files.read("kubernetes-ca.crt") == own.read("kubernetes-ca.crt")
    assert set(pki.ensure_authorities()) == set(AUTHORITY_NAMES)


def test_long_host_names_get_a_common_name_that_fits(files: PrivateFolder) -> None:
    """A common name has 64 characters at most, host names 253: shortened, still distinct."""
    pki = opened(files)
    names = {
        parsed(pki.leaf(replace(REQUEST, common_name="system:node:" + "x" * 200 + end)).cert_pem)
        .subject.rfc4514_string()
        for end in "ab"
    }  # fmt: skip
    assert len(names) == 2
    assert all(len(name) == len("CN=") + 64 for name in names)


@pytest.mark.parametrize("host", ["../x", "", ".hidden", "a/b"])
def test_a_host_name_cannot_leave_the_folder(files: PrivateFolder, host: str) -> None:
    """Names become file names."""
    with pytest.raises(PkiError, match="cannot be part of a file name"):
        opened(files).leaf(replace(REQUEST, host=host))


def test_a_name_that_no_certificate_can_hold_is_reported(files: PrivateFolder) -> None:
    """International names must be in their ASCII form."""
    with pytest.raises(PkiError, match=r"cher\.example' is neither"):
        opened(files).leaf(replace(REQUEST, alternative_names=("bücher.example",)))


def test_user_certificates_are_made_each_time_and_kept_nowhere(files: PrivateFolder) -> None:
    """`kprov kubeconfig --user alice --group dev --ttl 8h`."""
    pki = opened(files)
    pki.save()
    leaf = pki.user_certificate("alice", ("dev", "ops"), timedelta(hours=8))
    assert parsed(leaf.cert_pem).subject.rfc4514_string() == "CN=alice,O=ops,O=dev"
    assert leaf.not_after == NOW + timedelta(hours=8)
    assert pki.save() == ()
    with pytest.raises(PkiError, match="of no use"):
        pki.user_certificate("alice", (), timedelta(0))
    with pytest.raises(PkiError, match="1 to 64 characters"):
        pki.user_certificate("", (), timedelta(hours=1))


def test_a_full_disk_loses_nothing(files: PrivateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """save() fails with the path; what could not be written is written by the next save()."""
    pki = opened(files)
    leaf = pki.leaf(REQUEST)
    with monkeypatch.context() as patch:

        def full(_descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("os.fsync", full)
        with pytest.raises(KprovError, match="No space left"):
            pki.save()
    assert snapshot(files) == {}
    pki.save()
    assert opened(files).leaf(REQUEST) == replace(leaf, reason=None)


def test_secrets_do_not_show(files: PrivateFolder) -> None:
    """repr() of what travels through the engine shows no key."""
    pki = opened(files)
    text = repr(pki.leaf(REQUEST)) + repr(pki.authority("etcd")) + repr(pki.service_account)
    assert "PRIVATE KEY" not in text
