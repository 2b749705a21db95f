"""Who kprov is to Azure: a credential of azure-identity, as the inventory says.

Secrets are read from the environment by their usual names and go nowhere but to azure-identity.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kprov.model.azure import AzureSpec
from kprov.model.errors import InputError
from kprov.providers.aks.sdk import imported

_AUTHORITIES = {
    "public": "login.microsoftonline.com",
    "usgov": "login.microsoftonline.us",
    "china": "login.chinacloudapi.cn",
}


def credential_of(
    azure: AzureSpec, directory: Path, environ: Mapping[str, str] = os.environ
) -> Any:
    """A TokenCredential. Raises InputError when the environment lacks what it needs."""
    if azure.endpoint is not None and azure.endpoint.startswith("http:"):
        return _NobodyCredential()
    try:
        return _credential(azure, directory, environ)
    except (ValueError, OSError) as error:
        hint = "check `azure.credential` and its files"
        raise InputError(
            f"no such credential: {error}", where="azure.credential", hint=hint
        ) from error


class _NobodyCredential:
    """At a test over http, on this computer alone, nobody signs in."""

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Never sent: the client has a policy of its own."""
        return imported("azure.core.credentials").AccessToken("test", int(time.time()) + 3600)


def _credential(azure: AzureSpec, directory: Path, environ: Mapping[str, str]) -> Any:
    known = imported("azure.identity")
    its = azure.credential
    options = _options(azure, directory, environ)
    tenant = azure.tenant or environ.get("AZURE_TENANT_ID")
    client = its.client_id or environ.get("AZURE_CLIENT_ID")
    match its.kind:
        case "secret":
            secret = _needed("AZURE_CLIENT_SECRET", environ.get("AZURE_CLIENT_SECRET"))
            return known.ClientSecretCredential(*_application(tenant, client), secret, **options)
        case "certificate":
            path = str(directory / Path(str(its.certificate)).expanduser())
            password = environ.get("AZURE_CLIENT_CERTIFICATE_PASSWORD")
            return known.CertificateCredential(
                *_application(tenant, client), path, password=password, **options
            )
        case "workload":
            file = its.token_file or environ.get("AZURE_FEDERATED_TOKEN_FILE")
            tenant, client = _application(tenant, client)
            return known.WorkloadIdentityCredential(
                tenant_id=tenant,
                client_id=client,
                token_file_path=_needed("AZURE_FEDERATED_TOKEN_FILE", file),
                **options,
            )
        case "managed":
            return known.ManagedIdentityCredential(client_id=its.client_id)
        case "cli":
            return known.AzureCliCredential(tenant_id=tenant or "")
    return known.DefaultAzureCredential(
        workload_identity_tenant_id=tenant,
        managed_identity_client_id=its.client_id,
        **options,
    )


def _options(azure: AzureSpec, directory: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """Where to sign in; at a test endpoint everything is at one place."""
    host = environ.get("AZURE_AUTHORITY_HOST")
    if azure.endpoint is None:
        return {"authority": host or _AUTHORITIES[azure.cloud]}
    options: dict[str, Any] = {
        "authority": host or azure.endpoint,
        "disable_instance_discovery": True,
    }
    if azure.ca_file:
        options["connection_verify"] = str(directory / azure.ca_file)
    return options


def _application(tenant: str | None, client: str | None) -> tuple[str, str]:
    return _needed("AZURE_TENANT_ID", tenant), _needed("AZURE_CLIENT_ID", client)


def _needed(name: str, value: str | None) -> str:
    if not value:
        raise InputError(
            f"{name} is not set", where="azure.credential",
            hint="set it in the environment, or choose another `azure.credential.kind`",
        )  # fmt: skip
    return value
