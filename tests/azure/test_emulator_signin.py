"""Signing in: the unmodified azure-identity against the emulator's token endpoint."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.containerservice import ContainerServiceClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from tests.azure.emulator import Emulator
from tests.azure.identities import CLIENT, READER, TENANT, Federation, Grant
from tests.azure.sdk import Sdk, cluster

ARM = "https://management.azure.com/.default"


def at(azure: Emulator) -> dict[str, Any]:
    """How every credential is pointed at the emulator."""
    return {
        "authority": azure.endpoint,
        "disable_instance_discovery": True,
        "connection_verify": str(azure.ca_file),
    }


def works(azure: Emulator, credential: Any) -> bool:
    """Does the credential lead to an ARM answer?"""
    client = ContainerServiceClient(
        credential,
        azure.subscription,
        base_url=azure.endpoint,
        connection_verify=str(azure.ca_file),
    )
    return list(client.managed_clusters.list()) == []


def private_key() -> tuple[rsa.RSAPrivateKey, bytes]:
    """An RSA key, and its PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key, pem


def certificate() -> tuple[bytes, bytes]:
    """A service principal's certificate: the public part, and both parts."""
    key, key_pem = private_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kprov")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    return public, key_pem + public


@pytest.mark.parametrize(
    ("tenant", "client", "secret", "code"),
    [
        (TENANT, CLIENT, "wrong", "AADSTS7000215"),
        (TENANT, CLIENT, "of last year", "AADSTS7000222"),
        (TENANT, "33333333-3333-4333-8333-333333333333", "x", "AADSTS700016"),
        ("44444444-4444-4444-8444-444444444444", CLIENT, "x", "AADSTS90002"),
    ],
)
def test_a_bad_sign_in_is_refused_with_its_code(
    azure: Emulator, tenant: str, client: str, secret: str, code: str
) -> None:
    azure.world.app.expired_secrets.add("of last year")
    with pytest.raises((ClientAuthenticationError, ValueError)) as refused:
        ClientSecretCredential(tenant, client, secret, **at(azure)).get_token(ARM)
    assert code in str(refused.value) or "AADSTS90002" in code


def test_a_certificate_signs_in_once_it_is_registered(azure: Emulator) -> None:
    public, both = certificate()
    credential = CertificateCredential(TENANT, CLIENT, certificate_data=both, **at(azure))
    with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
        works(azure, credential)
    azure.world.app.certificates.append(public)
    assert works(azure, credential)


def test_a_federated_token_signs_in_when_issuer_subject_and_audience_match(
    azure: Emulator, tmp_path: Path
) -> None:
    key, key_pem = private_key()
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    issuer, subject = "https://token.actions.githubusercontent.com", "repo:o/r:ref:refs/heads/main"
    azure.world.app.federations.append(Federation(issuer, subject, public))
    token_file = tmp_path / "token"
    credential = WorkloadIdentityCredential(
        tenant_id=TENANT, client_id=CLIENT, token_file_path=str(token_file), **at(azure)
    )
    audience = "api://AzureADTokenExchange"
    for claims, code in [
        ({"iss": issuer, "sub": "repo:o/r:pull_request", "aud": audience}, "AADSTS700213"),
        ({"iss": issuer, "sub": subject, "aud": "api://other"}, "AADSTS700212"),
        ({"iss": issuer, "sub": subject, "aud": audience, "exp": 1}, "AADSTS700024"),
    ]:
        token_file.write_text(jwt.encode(claims, key_pem, algorithm="RS256"))
        fresh = WorkloadIdentityCredential(
            tenant_id=TENANT, client_id=CLIENT, token_file_path=str(token_file), **at(azure)
        )
        with pytest.raises(ClientAuthenticationError, match=code):
            works(azure, fresh)
    good = {"iss": issuer, "sub": subject, "aud": audience, "exp": int(time.time()) + 60}
    token_file.write_text(jwt.encode(good, key_pem, algorithm="RS256"))
    assert works(azure, credential)


def test_a_managed_identity_signs_in(azure: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.endpoint}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "emulated")
    credential = ManagedIdentityCredential(connection_verify=str(azure.ca_file))
    azure.world.directory.managed = CLIENT
    assert works(azure, credential)


def test_the_printed_environment_is_enough_for_the_default_credential(
    azure: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in azure.environment.items():
        monkeypatch.setenv(name, value)
    credential = DefaultAzureCredential(disable_instance_discovery=True)
    assert works(azure, credential)


def test_an_expired_token_and_one_for_another_audience_are_refused(
    azure: Emulator, sdk: Sdk
) -> None:
    sdk.group()
    azure.world.tokens.expire_all()
    with pytest.raises(ClientAuthenticationError) as refused:
        sdk.group()
    assert refused.value.error.code == "ExpiredAuthenticationToken"
    other = Sdk(azure, credential_scopes=["6dae42f8-4368-4678-94ff-3960e28e3630/.default"])
    with pytest.raises(ClientAuthenticationError) as refused:
        list(other.aks.managed_clusters.list())
    assert refused.value.error.code == "InvalidAuthenticationTokenAudience"


def test_without_permission_the_action_and_the_scope_are_named(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    app = azure.world.app
    app.grants[:] = [Grant(READER, f"/subscriptions/{azure.subscription}")]
    with pytest.raises(HttpResponseError) as refused:
        sdk.put(cluster())
    assert refused.value.status_code == 403
    assert refused.value.error.code == "AuthorizationFailed"
    assert "'Microsoft.ContainerService/managedClusters/write'" in refused.value.message
    assert "/providers/Microsoft.ContainerService/managedClusters/c1'" in refused.value.message
    assert list(sdk.aks.managed_clusters.list()) == []


def test_a_subscription_that_is_not_there_or_of_another_tenant(azure: Emulator, sdk: Sdk) -> None:
    azure.world.subscribe("55555555-5555-4555-8555-555555555555", "another-tenant")
    for subscription, code in [
        ("66666666-6666-4666-8666-666666666666", "SubscriptionNotFound"),
        ("55555555-5555-4555-8555-555555555555", "InvalidAuthenticationTokenTenant"),
    ]:
        client = ContainerServiceClient(sdk.credential, subscription, **sdk.options)
        with pytest.raises(HttpResponseError) as refused:
            list(client.managed_clusters.list())
        assert refused.value.error.code == code
