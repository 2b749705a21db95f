"""KubeObject: one object of the Kubernetes API that shall exist, as data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FOUNDATIONS = ("Namespace", "CustomResourceDefinition")
"""What other objects live in or are made of: applied, and waited for, before them."""


@dataclass(frozen=True, slots=True)
class KubeObject:
    """An object as a manifest says it; `namespace` is empty where there is none.

    `document` is its place in the manifest, counted from 1.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    body: Mapping[str, Any] = field(repr=False)
    document: int = 0

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def built_in(self) -> bool:
        """Whether its group is one of Kubernetes' own, which no CustomResourceDefinition brings.

        https://kubernetes.io/docs/reference/kubernetes-api/: groups without a dot, and those below
        k8s.io that the API server itself serves.
        """
        return "." not in self.group or self.group in _BUILT_IN_GROUPS

    @property
    def key(self) -> str:
        """What plans call it, unique in a cluster: `Deployment kube-system/coredns`."""
        return object_key(self.api_version, self.kind, self.namespace, self.name)

    @property
    def line(self) -> str:
        """How the record in the API writes it: `apps/v1 Deployment kube-system coredns`."""
        return f"{self.api_version} {self.kind} {self.namespace or '-'} {self.name}"

    @property
    def digest(self) -> str:
        """16 hex digits of what the manifest says about it."""
        text = json.dumps(self.body, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_BUILT_IN_GROUPS = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication",
        "authorization", "certificates", "coordination", "discovery", "events",
        "flowcontrol.apiserver", "internal.apiserver", "networking", "node",
        "rbac.authorization", "resource", "scheduling", "storage", "storagemigration",
    )
)  # fmt: skip


def object_key(api_version: str, kind: str, namespace: str, name: str) -> str:
    """`Deployment kube-system/coredns`; kinds of other groups say which: `Issuer.cert-manager.io`.

    Without the version: an object is the same in all versions of its group.
    """
    group = api_version.rpartition("/")[0]
    other = group if "." in group and group not in _BUILT_IN_GROUPS else ""
    place = f"{namespace}/{name}" if namespace not in ("", "-") else name
    return f"{kind}.{other} {place}" if other else f"{kind} {place}"
