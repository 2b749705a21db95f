"""OpenSSL, which shares no code with kprov, judges chains, names and usages."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kprov.model.cluster import ClusterSpec, PkiSpec
from kprov.model.host import Connection, Host, Inventory
from kprov.model.secret import Secret
from kprov.pki.request import AuthorityName
from kprov.pki.store import Pki
from kprov.pki.table import TABLE, certificate_context, certificate_request
from kprov.state.folder import PrivateFolder

PURPOSE = {
    "client": ("sslclient",),
    "server": ("sslserver",),
    "both": ("sslclient", "sslserver"),
}


def inventory(algorithm: str) -> Inventory:
    cp1 = Host("cp1", Connection("192.0.2.11"), frozenset({"kube_control_plane", "kube_node"}))
    spec = ClusterSpec(name="demo", pki=PkiSpec.model_validate({"algorithm": algorithm}))
    return Inventory("hosts.yaml", spec, (cp1,), {"kube_control_plane": ("cp1",)})


def openssl(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Files:
    """The PKI of one cluster as files that openssl reads."""

    def __init__(self, root: Path, algorithm: str, passphrase: str | None = None) -> None:
        self.root = root
        self.inventory = inventory(algorithm)
        self.folder = PrivateFolder(root / "pki")
        secret = None if passphrase is None else Secret(passphrase)
        now = datetime.now(UTC)
        self.pki = Pki.open(self.folder, self.inventory.cluster, now=now, passphrase=secret)

    def leaf(self, name: str) -> Path:
        on_host = name != "admin"
        context = certificate_context(self.inventory, self.inventory.hosts[0] if on_host else None)
        self.pki.leaf(certificate_request(name, context))
        self.pki.save()
        return self.folder.root / "leaves" / ("cp1" if on_host else "_controller") / name

    def authority(self, name: AuthorityName) -> Path:
        return self.folder.root / f"{name}-ca.crt"


@pytest.mark.parametrize("algorithm", ["ecdsa", "rsa"])
def test_every_chain_verifies_for_its_usage_and_no_other(tmp_path: Path, algorithm: str) -> None:
    """Strict RFC 5280 checks, the right purpose, the right authority; the wrong ones refused."""
    files = Files(tmp_path, algorithm)
    names: tuple[AuthorityName, ...] = ("kubernetes", "etcd", "front-proxy")
    for row in TABLE:
        cert = f"{files.leaf(row.name)}.crt"
        for authority in names:
            for purpose in ("sslclient", "sslserver"):
                done = openssl(
                    "verify", "-x509_strict", "-purpose", purpose,
                    "-CAfile", files.authority(authority), cert,
                )  # fmt: skip
                fits = authority == row.authority and purpose in PURPOSE[row.usage]
                assert (done.returncode == 0) is fits, (row.name, authority, purpose, done.stderr)


@pytest.mark.parametrize(
    ("check", "value", "good"),
    [
        ("-verify_hostname", "cp1", True),
        ("-verify_hostname", "kubernetes.default.svc.cluster.local", True),
        ("-verify_hostname", "localhost", True),
        ("-verify_hostname", "example.com", False),
        ("-verify_ip", "192.0.2.11", True),
        ("-verify_ip", "10.96.0.1", True),
        ("-verify_ip", "::1", True),
        ("-verify_ip", "192.0.2.99", False),
    ],
)
def test_the_apiserver_is_accepted_under_its_names_only(
    tmp_path: Path, check: str, value: str, good: bool
) -> None:
    """The names that clients verify."""
    files = Files(tmp_path, "ecdsa")
    cert = f"{files.leaf('kube-apiserver')}.crt"
    done = openssl("verify", "-CAfile", files.authority("kubernetes"), check, value, cert)
    assert (done.returncode == 0) is good, done.stderr


def test_keys_fit_their_certificates_and_the_account_keys_each_other(tmp_path: Path) -> None:
    """Public halves are compared as openssl derives them."""
    files = Files(tmp_path, "ecdsa")
    path = files.leaf("kubelet-serving")
    root = files.folder.root
    for key, public in (
        (f"{path}.key", openssl("x509", "-pubkey", "-noout", "-in", f"{path}.crt").stdout),
        (root / "service-account.key", (root / "service-account.pub").read_text()),
    ):
        derived = openssl("pkey", "-pubout", "-in", key)
        assert derived.returncode == 0, derived.stderr
        assert derived.stdout == public


def test_encrypted_keys_open_with_the_passphrase_only(tmp_path: Path) -> None:
    """Ordinary PKCS#8: readable without kprov, by whoever knows the passphrase."""
    files = Files(tmp_path, "ecdsa", "s3cret")
    key = f"{files.leaf('admin')}.key"
    assert openssl("pkey", "-noout", "-in", key, "-passin", "pass:s3cret").returncode == 0
    assert openssl("pkey", "-noout", "-in", key, "-passin", "pass:wrong").returncode != 0
