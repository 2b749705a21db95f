"""Every way to sign in that the inventory knows, by the credentials of azure-identity."""

from __future__ import annotations

import time
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from kprov.model.azure import AzureSpec
from kprov.model.errors import InputError
from kprov.providers.aks.client import Azure
from kprov.providers.aks.credentials import credential_of
from tests.azure.aks_site import AksSite
from tests.azure.identities import Federation
from tests.azure.test_emulator_signin import certificate, private_key


def by_secret(site: AksSite, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """AZURE_CLIENT_SECRET."""
    return {"kind": "secret"}


def by_default(site: AksSite, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What azure-identity finds first: here the environment."""
    return {"kind": "default"}


def by_certificate(site: AksSite, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A PEM file beside the inventory."""
    public, both = certificate()
    site.azure.world.app.certificates.append(public)
    (site.folder / "me.pem").write_bytes(both)
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    return {"kind": "certificate", "certificate": "me.pem"}


def by_federation(site: AksSite, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The token that a CI system gives a job."""
    key, key_pem = private_key()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    issuer, subject = "https://ci.example.com", "repo:o/r"
    site.azure.world.app.federations.append(Federation(issuer, subject, public))
    claims = {
        "iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange",
        "exp": int(time.time()) + 600,
    }  # fmt: skip
    token = site.folder / "token"
    token.write_text(jwt.encode(claims, key_pem, algorithm="RS256"))
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    return {"kind": "workload"}


Way = Callable[[AksSite, pytest.MonkeyPatch], dict[str, str]]


@pytest.mark.parametrize("way", [by_secret, by_default, by_certificate, by_federation])
def test_signed_in(site: AksSite, monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    """Azure answers."""
    site.write(credential=way(site, monkeypatch))
    assert site.run("plan") == 2, site.err


@pytest.mark.parametrize(
    ("kind", "unset", "what"),
    [
        ("secret", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_SECRET is not set"),
        ("secret", "AZURE_TENANT_ID", "AZURE_TENANT_ID is not set"),
        ("workload", "AZURE_CLIENT_ID", "AZURE_CLIENT_ID is not set"),
    ],
)
def test_what_is_missing_is_named(
    site: AksSite, monkeypatch: pytest.MonkeyPatch, kind: str, unset: str, what: str
) -> None:
    """Nothing was asked: exit code 3."""
    monkeypatch.delenv(unset)
    site.write(credential={"kind": kind})
    assert site.run("plan") == 3
    assert what in site.err


def test_a_wrong_secret_is_told_without_it(site: AksSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entra's own code, and where to look."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-the-secret")
    assert site.run("plan") == 1
    assert "cannot sign in to Azure" in site.err
    assert "AADSTS7000215" in site.err
    assert "not-the-secret" not in site.err


@pytest.mark.parametrize("kind", ["managed", "cli"])
def test_credentials_of_the_machine_are_made(site: AksSite, kind: str) -> None:
    """They ask nobody before they are used."""
    spec = AzureSpec.model_validate({**site.base(), "credential": {"kind": kind}})
    assert credential_of(spec, site.folder) is not None


def test_a_file_that_is_no_certificate_is_wrong_input(site: AksSite) -> None:
    """No traceback."""
    (site.folder / "me.pem").write_text("nothing")
    credential = {"kind": "certificate", "certificate": "me.pem"}
    spec = AzureSpec.model_validate({**site.base(), "credential": credential})
    with pytest.raises(InputError, match="no such credential"):
        credential_of(spec, site.folder)


@pytest.mark.parametrize(
    ("cloud", "manager", "authority"),
    [
        ("public", "https://management.azure.com", "login.microsoftonline.com"),
        ("usgov", "https://management.usgovcloudapi.net", "login.microsoftonline.us"),
        ("china", "https://management.chinacloudapi.cn", "login.chinacloudapi.cn"),
    ],
)
def test_sovereign_clouds(
    site: AksSite, monkeypatch: pytest.MonkeyPatch, cloud: str, manager: str, authority: str
) -> None:
    """Another place to sign in, and another Resource Manager."""
    monkeypatch.delenv("AZURE_AUTHORITY_HOST")
    base = site.base()
    del base["endpoint"], base["ca_file"]
    azure = Azure(AzureSpec.model_validate({**base, "cloud": cloud}), site.folder)
    assert azure.aks._config.base_url.rstrip("/") == manager
    assert authority in azure.credential._authority


def test_over_http_nobody_signs_in(site: AksSite) -> None:
    """For tests on this computer: no token leaves the SDK in the clear."""
    spec = AzureSpec.model_validate({**site.base(), "endpoint": "http://127.0.0.1:9"})
    azure = Azure(spec, site.folder)
    assert azure.credential.get_token("scope").token == "test"
    assert azure.aks is not None
