"""The Azure SDK, imported here and nowhere else before it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kprov.model.azure import AzureSpec
from kprov.providers.aks.credentials import credential_of
from kprov.providers.aks.errors import told
from kprov.providers.aks.sdk import imported
from kprov.providers.aks.wire import Json

_POLLING = 10.0
"""Seconds between two questions about a long operation; Azure asks for nothing else."""
_POLLING_TEST = 0.05
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PATIENCE = {
    "connection_timeout": 20, "read_timeout": 120,
    "retry_total": 8, "retry_status": 8, "retry_connect": 8, "retry_read": 8,
}  # fmt: skip


@dataclass(slots=True)
class Azure:
    """Clients of one subscription, made when they are first asked for."""

    spec: AzureSpec
    directory: Path
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def polling(self) -> float:
        """Seconds between two polls; none to speak of where Azure is a test on this computer."""
        return _POLLING_TEST if self._on_loopback else _POLLING

    @property
    def aks(self) -> Any:
        """azure.mgmt.containerservice.ContainerServiceClient."""
        return self._made("azure.mgmt.containerservice", "ContainerServiceClient")

    @property
    def resources(self) -> Any:
        """azure.mgmt.resource.resources.ResourceManagementClient."""
        return self._made("azure.mgmt.resource.resources", "ResourceManagementClient")

    @property
    def traffic(self) -> Any:
        """azure.mgmt.trafficmanager.TrafficManagerManagementClient."""
        return self._made("azure.mgmt.trafficmanager", "TrafficManagerManagementClient")

    @property
    def credential(self) -> Any:
        """Who we are."""
        if "credential" not in self.made:
            self.made["credential"] = credential_of(self.spec, self.directory)
        return self.made["credential"]

    def get(self, path: str, version: str, query: Mapping[str, str] | None = None) -> Json | None:
        """Any resource by its id; None when there is none. Raises ProviderError."""
        from azure.core.rest import HttpRequest  # noqa: PLC0415

        parameters = {"api-version": version, **(query or {})}
        with told(path):
            answer = self.resources.send_request(HttpRequest("GET", path, params=parameters))
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
        body: Json = answer.json()
        return body

    @property
    def _on_loopback(self) -> bool:
        return urlsplit(self.spec.endpoint or "").hostname in _LOOPBACK

    def _made(self, module: str, name: str) -> Any:
        if name not in self.made:
            with told("azure"):
                client = getattr(imported(module), name)
                self.made[name] = client(self.credential, self.spec.subscription, **self._options)
        return self.made[name]

    @property
    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {**_PATIENCE, "polling_interval": self.polling}
        if self._on_loopback:
            options["retry_backoff_factor"] = _POLLING_TEST
        if self.spec.endpoint is None:
            options["cloud_setting"] = _cloud(self.spec.cloud)
            return options
        options["base_url"] = self.spec.endpoint
        options["credential_scopes"] = ["https://management.azure.com/.default"]
        if self.spec.ca_file:
            options["connection_verify"] = str(self.directory / self.spec.ca_file)
        if self.spec.endpoint.startswith("http:"):
            options["authentication_policy"] = _plain_bearer()
        return options


def _cloud(name: str) -> Any:
    from azure.core import AzureClouds  # noqa: PLC0415

    return {
        "public": AzureClouds.AZURE_PUBLIC_CLOUD,
        "usgov": AzureClouds.AZURE_US_GOVERNMENT,
        "china": AzureClouds.AZURE_CHINA_CLOUD,
    }[name]


def _plain_bearer() -> Any:
    """Over http, on this computer alone, the SDK refuses real tokens: a word stands in for one."""
    from azure.core.credentials import AzureKeyCredential  # noqa: PLC0415
    from azure.core.pipeline.policies import AzureKeyCredentialPolicy  # noqa: PLC0415

    return AzureKeyCredentialPolicy(AzureKeyCredential("test"), "Authorization", prefix="Bearer")
