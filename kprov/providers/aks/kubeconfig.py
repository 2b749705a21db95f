"""kubeconfigs of AKS clusters: the administrator's certificate, or sign-in by kprov itself.

Where Entra ID is on, Azure's own kubeconfig calls `kubelogin`; kprov puts itself in its place, by
client-go's credential plugins
(https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
"""

from __future__ import annotations

import re
import shutil
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from kprov.model.azure import AzureSpec
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import ProviderError
from kprov.providers.aks.client import Azure
from kprov.providers.aks.credentials import credential_of
from kprov.providers.aks.errors import persistent, told

API_SCOPE = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
"""The Entra application that stands for the API servers of all AKS clusters (Azure/kubelogin)."""


_DISABLED = re.compile(r"disable local accounts", re.IGNORECASE)


def kubeconfig(spec: ClusterSpec, azure: Azure, *, admin: bool | None) -> str:
    """A kubeconfig whose one context has the cluster's name.

    `admin` None: the administrator's, unless local accounts are disabled.
    """
    if admin is None:
        try:
            return kubeconfig(spec, azure, admin=True)
        except ProviderError as error:
            if not _DISABLED.search(error.problem.what):
                raise
            admin = False
    assert spec.azure is not None
    group, clusters = spec.azure.resource_group.name, azure.aks.managed_clusters
    with told(spec.name):
        if admin:
            answer = persistent(lambda: clusters.list_cluster_admin_credentials(group, spec.name))
        else:
            of_users = partial(clusters.list_cluster_user_credentials, format="exec")
            answer = persistent(lambda: of_users(group, spec.name))
    found = answer.kubeconfigs or []
    if not found:
        raise ProviderError("Azure gave no kubeconfig", where=spec.name)
    return rewritten(bytes(found[0].value).decode(), spec, azure.directory, admin=admin)


def token(azure: AzureSpec, directory: Path) -> tuple[str, str]:
    """A token for API servers of AKS, and when it ends (RFC 3339). Raises ProviderError."""
    with told("azure"):
        made = credential_of(azure, directory).get_token(API_SCOPE)
    ends = datetime.fromtimestamp(made.expires_on, UTC)
    return made.token, ends.isoformat(timespec="seconds").replace("+00:00", "Z")


def rewritten(text: str, spec: ClusterSpec, directory: Path, *, admin: bool) -> str:
    """Azure's kubeconfig with names of ours, and kprov where another tool would sign in."""
    document: dict[str, Any] = yaml.safe_load(text)
    name = f"{spec.name}-admin" if admin else spec.name
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    if "exec" in user or "auth-provider" in user:
        user = {"exec": _plugin(spec, directory)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": spec.name, "cluster": cluster}],
        "users": [{"name": f"{name}-user", "user": user}],
        "contexts": [{"name": name, "context": {"cluster": spec.name, "user": f"{name}-user"}}],
        "current-context": name,
    }
    return str(yaml.safe_dump(document, sort_keys=False))


def _plugin(spec: ClusterSpec, directory: Path) -> dict[str, Any]:
    """No secret is in it: those come from the environment of whoever runs kubectl."""
    assert spec.azure is not None
    azure = spec.azure
    command, first = _program()
    given = {
        "--cloud": azure.cloud,
        "--credential": azure.credential.kind,
        "--tenant": azure.tenant,
        "--client-id": azure.credential.client_id,
        "--certificate": _absolute(directory, azure.credential.certificate),
        "--token-file": azure.credential.token_file,
        "--endpoint": azure.endpoint,
        "--ca-file": _absolute(directory, azure.ca_file),
    }
    options = [word for name, value in given.items() if value for word in (name, value)]
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": command,
        "args": [*first, "azure-token", *options],
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
        "installHint": "kprov signs in to this cluster: pip install 'kprov[aks]'",
    }


def _program() -> tuple[str, list[str]]:
    """How kprov is called: by its name, or as a module where it is not on the PATH."""
    found = shutil.which("kprov")
    return (found, []) if found else (sys.executable, ["-m", "kprov"])


def _absolute(directory: Path, name: str | None) -> str | None:
    return str((directory / Path(name).expanduser()).absolute()) if name else None
