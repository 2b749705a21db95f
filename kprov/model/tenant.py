"""Tenants: groups of people with a namespace of their own, a share of the cluster, and walls."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from kprov.model.spec import Spec

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_UNITS = {
    "": Decimal(1), "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}  # fmt: skip


def amount(quantity: str) -> Decimal:
    """A quantity as a number. ValueError for what the API would not take.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    """
    found = _QUANTITY.fullmatch(quantity)
    if found is None:
        raise ValueError(
            f"{quantity!r} is not a quantity: a number with k, M, G, T (thousands), Ki, Mi, Gi, Ti "
            "(1024s) or m (thousandths), such as 500m, 4, 8Gi"
        )
    return Decimal(found[1]) * _UNITS[found[2] or ""]


def _quantity(value: object) -> str:
    text = str(value)
    amount(text)
    return text


def _bytes(value: object) -> str:
    text = _quantity(value)
    if text.endswith("m"):
        raise ValueError(f"{text!r} is in thousandths of a byte: 8Gi, 500M")
    return text


Cpu = Annotated[str | int | float, AfterValidator(_quantity)]
Bytes = Annotated[str | int, AfterValidator(_bytes)]


class QuotaSpec(Spec):
    """What all pods of a tenant may have together; unset: no limit."""

    cpu: Cpu | None = None
    """CPUs that may be requested, such as 4 or 500m."""
    memory: Bytes | None = None
    """Memory, requested and at most, such as 8Gi."""
    storage: Bytes | None = None
    """Size of all persistent volume claims, such as 100Gi."""
    pods: int | None = Field(default=None, ge=0)
    """Number of pods."""

    @property
    def hard(self) -> dict[str, str]:
        """As a ResourceQuota says it."""
        named = {
            "requests.cpu": self.cpu,
            "requests.memory": self.memory,
            "limits.memory": self.memory,
            "requests.storage": self.storage,
            "pods": self.pods,
        }
        return {name: str(value) for name, value in named.items() if value is not None}

    @property
    def container_defaults(self) -> dict[str, dict[str, str]]:
        """What a container gets that names no request or limit: a quota would refuse its pod."""
        found: dict[str, dict[str, str]] = {}
        if self.cpu is not None:
            found["defaultRequest"] = {"cpu": _least("100m", self.cpu)}
        if self.memory is not None:
            found.setdefault("defaultRequest", {})["memory"] = _least("128Mi", self.memory)
            found["default"] = {"memory": _least("256Mi", self.memory)}
        return found


def _least(value: str, quota: object) -> str:
    return min(value, str(quota), key=amount)


class TenantSpec(Spec):
    """A tenant: a namespace of its name, for groups of people."""

    name: str
    """Name of its namespace."""
    admins: list[str] = Field(default_factory=list)
    """Groups that may do anything in it but change its limits (ClusterRole `admin`)."""
    members: list[str] = Field(default_factory=list)
    """Groups that may run things in it, but not give rights away (ClusterRole `edit`)."""
    quota: QuotaSpec = Field(default_factory=QuotaSpec)
    """What it may have of the cluster."""
    isolate: bool = True
    """Only its own pods, and DNS, can be reached from its pods, and they only from its own. Needs a
    pod network that enforces NetworkPolicies; on others say `false`: whoever runs pods in the
    cluster then reaches this tenant's."""
    pod_security: Literal["privileged", "baseline", "restricted"] = "baseline"
    """Pod security standard of its namespace (enforced from Kubernetes v1.23 on)."""
