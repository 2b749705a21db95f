"""Refusals in Azure's shapes: ARM's own are wrapped in `error`, those of the AKS service are not.

Source: recorded-traffic-facts.json (`get_missing`, `rp_error_unwrapped`); codes of ARM:
https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):  # noqa: N818  a refusal is an answer, not a mistake of ours
    """An answer of status >= 400, raised wherever a rule is broken."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        target: str | None = None,
        details: Sequence[Mapping[str, str]] = (),
        by_arm: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.details = list(details)
        self.by_arm = by_arm
        self.headers = dict(headers or {})

    def error(self) -> dict[str, Any]:
        """The error object as in an operation's body."""
        said: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            said["target"] = self.target
        if self.details:
            said["details"] = self.details
        return said

    def body(self) -> dict[str, Any]:
        """The body of the answer."""
        if self.by_arm:
            return {"error": self.error()}
        return {"details": None, **self.error(), "subcode": ""}

    @classmethod
    def invalid_request(cls, message: str) -> Refusal:
        """ARM could not read the request."""
        return cls(400, "InvalidRequestContent", message, by_arm=True)

    @classmethod
    def bad_request(cls, message: str, *, target: str | None = None) -> Refusal:
        """The AKS service's general refusal."""
        return cls(400, "BadRequest", message, target=target)

    @classmethod
    def invalid_parameter(cls, target: str, message: str) -> Refusal:
        """A value that the AKS service does not take (`az aks` tests: InvalidParameter)."""
        return cls(400, "InvalidParameter", message, target=target)

    @classmethod
    def unchangeable(cls, target: str) -> Refusal:
        """An immutable field was changed (aks.md 6.3; pulumi-azure-native#959)."""
        return cls(
            400,
            "PropertyChangeNotAllowed",
            f"Changing property '{target}' is not allowed.",
            target=target,
        )

    @classmethod
    def not_found(cls, kind: str, name: str, group: str) -> Refusal:
        """Recorded: `get_missing`."""
        return cls(
            404,
            "ResourceNotFound",
            f"The Resource '{kind}/{name}' under resource group '{group}' was not found. For more "
            "details please go to https://aka.ms/ARMResourceNotFoundFix",
            by_arm=True,
            headers={"x-ms-failure-cause": "gateway"},
        )
