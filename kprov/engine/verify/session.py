"""What every check works with: the API, the throwaway namespace, the nodes, the deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kprov.engine.verify.api import STRATEGIC_PATCH, Api
from kprov.engine.verify.node_view import NodeView
from kprov.engine.verify.objects import metadata
from kprov.engine.verify.resources import ApiResource
from kprov.engine.verify.values import Cancelled, JsonObject, VerifyOptions


@dataclass(frozen=True, slots=True)
class Server:
    """What the API server is and serves."""

    version: str
    cron_jobs: ApiResource
    endpoint_slices: ApiResource
    makes_token_secrets: bool
    """Whether each service account gets a token Secret by itself: until Kubernetes 1.23."""


@dataclass(frozen=True, slots=True)
class Session:
    """One verification as one check sees it."""

    api: Api
    server: Server
    namespace: str
    options: VerifyOptions
    nodes: tuple[NodeView, ...]
    """The nodes that are Ready and run Linux: the ones that take part."""
    tolerations: tuple[JsonObject, ...]
    """Of ordinary pods: empty unless only tainted control planes could run them."""
    cancelled: threading.Event
    deadline: float = 0.0
    """On the clock of `time.monotonic`, seconds."""

    def for_check(self) -> Session:
        """The same session with the time of one check ahead of it."""
        return replace(self, deadline=time.monotonic() + self.options.timeout)

    @property
    def remaining(self) -> float:
        """Seconds left, never negative. Raises Cancelled when the verification is being stopped."""
        if self.cancelled.is_set():
            raise Cancelled
        return max(0.0, self.deadline - time.monotonic())

    @property
    def schedulable(self) -> tuple[NodeView, ...]:
        """The nodes ordinary pods may go to."""
        keys = {toleration["key"] for toleration in self.tolerations}
        return tuple(node for node in self.nodes if node.takes_pods(tolerated=keys))

    def create(self, resource: ApiResource, name: str, **fields: Any) -> JsonObject:
        """Create an object in the throwaway namespace (or, labelled, cluster-wide)."""
        body = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": metadata(name, self.namespace, fields.pop("labels", {})),
            **fields,
        }
        return self.api.create(self.path(resource), body)

    def get(self, resource: ApiResource, name: str) -> JsonObject:
        """Read an object of the throwaway namespace."""
        return self.api.get(self.path(resource, name))

    def select(self, resource: ApiResource, selector: str) -> list[JsonObject]:
        """Objects of the throwaway namespace that a label selector matches."""
        found = self.api.get(self.path(resource), {"labelSelector": selector})
        return list(found.get("items") or [])

    def patch(
        self, resource: ApiResource, name: str, body: Any, kind: str = STRATEGIC_PATCH
    ) -> JsonObject:
        """Change an object of the throwaway namespace."""
        return self.api.patch(self.path(resource, name), body, kind)

    def delete(self, resource: ApiResource, name: str) -> None:
        """Delete an object of the throwaway namespace."""
        self.api.delete(self.path(resource, name))

    def path(self, resource: ApiResource, name: str = "", sub: str = "") -> str:
        """The URL path of something in the throwaway namespace."""
        return resource.path(self.namespace, name, sub)


def by_name(name: str) -> Mapping[str, str]:
    """The query for one object."""
    return {"fieldSelector": f"metadata.name={name}"}


def by_label(selector: str) -> Mapping[str, str]:
    """The query for the objects that carry labels."""
    return {"labelSelector": selector}
