"""Where a cluster answers its users: the address of a Service of type LoadBalancer."""

from __future__ import annotations

import tempfile
from http import HTTPStatus
from pathlib import Path

from kprov.engine.verify.api import Api, ApiError
from kprov.state.atomic import write_atomic


def service_address(kubeconfig: str, service: str) -> str | None:
    """The address or name of NAMESPACE/NAME; None while there is none. Raises KprovError."""
    namespace, _, name = service.partition("/")
    with tempfile.TemporaryDirectory(prefix="kprov-ingress-") as folder:
        path = Path(folder) / "kubeconfig"
        write_atomic(path, kubeconfig.encode())
        try:
            found = Api.connect(path).get(f"/api/v1/namespaces/{namespace}/services/{name}")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
    listed = ((found.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return next((its.get("hostname") or its.get("ip") for its in listed), None)
