"""Azure's errors in words: its code, message, target and request id, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from kprov.model.errors import InputError, KprovError, ProviderError

T = TypeVar("T")

_HINTS: Mapping[str, str] = {
    "AuthorizationFailed": "give that identity a role with this action on this scope, such as "
    "Contributor on the resource group; a fresh assignment takes some minutes",
    "LinkedAuthorizationFailed": "the identity needs rights on the linked resource too",
    "InvalidAuthenticationTokenTenant": "sign in to the subscription's tenant: `azure.tenant`",
    "SubscriptionNotFound": "check `azure.subscription`, and that this identity may see it: "
    "az account list",
    "MissingSubscriptionRegistration": "az provider register --namespace NAMESPACE",
    "QuotaExceeded": "ask for more quota (Azure portal, Quotas), or take a smaller size or count",
    "ErrCode_InsufficientVCPUQuota": "ask for more quota (Azure portal, Quotas), or take another "
    "size; an upgrade needs room for its surge nodes too",
    "AllocationFailed": "the region has no capacity for this size now: other zones, another size",
    "SkuNotAvailable": "az vm list-skus --location REGION --size SIZE lists zones and restrictions",
    "K8sVersionNotSupported": "az aks get-versions --location REGION",
    "ReservedResourceName": "choose another name",
    "InvalidResourceLocation": "it exists already in another region",
    "RequestDisallowedByPolicy": "a policy of the subscription forbids this: see the message",
    "ScopeLocked": "somebody has locked the resource group: az lock list",
    "RoleAssignmentExists": "it is there already",
}
_WRONG_INPUT = frozenset(
    {"SubscriptionNotFound", "InvalidAuthenticationTokenTenant", "K8sVersionNotSupported"}
)
"""What people wrote is wrong: exit code 3."""
_PATTERNS = (
    (re.compile(r"quota", re.IGNORECASE), _HINTS["QuotaExceeded"]),
    (re.compile(r"availability ?zone|zone", re.IGNORECASE), _HINTS["SkuNotAvailable"]),
)
_CREDENTIALS = (
    "check `azure.credential` and its environment: AZURE_TENANT_ID, AZURE_CLIENT_ID, "
    "AZURE_CLIENT_SECRET; or `az login`"
)
_BUSY = re.compile(r"aks-pending-operation|another operation|in progress", re.IGNORECASE)
_LAGGING = re.compile(
    r"not found in (Active Directory|the directory) tenant|does not exist in the directory",
    re.IGNORECASE,
)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Whatever the SDK raises becomes a KprovError about `where`."""
    from azure.core.exceptions import (  # noqa: PLC0415  the SDK is slow to import
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
    )

    try:
        yield
    except HttpResponseError as error:
        if isinstance(error, ClientAuthenticationError) and error.response is None:
            raise _not_signed_in(error, where) from error
        raise translated(error, where) from error
    except AzureError as error:
        raise ProviderError(
            f"Azure cannot be reached: {_line(error)}", where=where,
            hint="check the network, a proxy (HTTPS_PROXY) and `azure.cloud`",
        ) from error  # fmt: skip


def persistent(do: Callable[[], T], tries: int = 5) -> T:
    """Do it again when the connection is lost: the SDK does that for GET, PUT and DELETE alone."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError  # noqa: PLC0415

    for left in range(tries - 1, -1, -1):
        try:
            return do()
        except (ServiceRequestError, ServiceResponseError):
            if not left:
                raise
    raise AssertionError("tries is at least 1")


def translated(error: Any, where: str) -> KprovError:
    """One refusal or failure of the service."""
    code, message, target = code_of(error), _message(error), _target(error)
    what = f"Azure says {code}: {message}" + (f" (target {target})" if target else "")
    ids = _request_ids(error)
    hint = hint_of(code, message)
    if ids:
        hint = f"{hint}\n{ids}" if hint else ids
    if code in _WRONG_INPUT:
        return InputError(what, where=where, hint=hint)
    return ProviderError(what, code=code, where=where, hint=hint)


def hint_of(code: str, message: str) -> str:
    """What to do about it; an empty text when the message has to say it."""
    if code in _HINTS:
        return _HINTS[code]
    return next((hint for pattern, hint in _PATTERNS if pattern.search(message)), "")


def code_of(error: Any) -> str:
    """Azure's own word: also of a long operation that failed, whose HTTP status is 200."""
    known = getattr(error, "error", None)
    return str(getattr(known, "code", None) or getattr(error, "status_code", None) or "an error")


def is_busy(error: Any) -> bool:
    """Whether the cluster is at work on something else, or we asked too often."""
    code, message = code_of(error), _message(error)
    throttled = getattr(error, "status_code", None) == 429 or code in (
        "Throttled",
        "TooManyRequests",
    )
    return throttled or (
        code in ("OperationNotAllowed", "Conflict") and bool(_BUSY.search(message))
    )


def is_lagging(error: Any) -> bool:
    """Whether Azure has not yet heard of an identity that was just made."""
    return bool(_LAGGING.search(_message(error)))


def is_moved(error: Any) -> bool:
    """Whether somebody changed the resource since it was read (If-Match)."""
    return getattr(error, "status_code", None) == 412


def retry_after(error: Any) -> float | None:
    """Seconds that the service asks for."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = headers.get("Retry-After", "")
    return float(text) if str(text).isdigit() else None


def _message(error: Any) -> str:
    known = getattr(error, "error", None)
    message = getattr(known, "message", None) or _line(error)
    details = [
        str(its.message)
        for its in getattr(known, "details", None) or []
        if getattr(its, "message", None) and str(its.message) not in str(message)
    ]
    return " ".join([str(message).strip(), *details])


def _target(error: Any) -> str:
    return str(getattr(getattr(error, "error", None), "target", None) or "")


def _request_ids(error: Any) -> str:
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    names = ("x-ms-request-id", "x-ms-correlation-request-id")
    ids = dict.fromkeys(headers[name] for name in names if headers.get(name))
    return f"request id {', '.join(ids)}" if ids else ""


def _not_signed_in(error: Any, where: str) -> ProviderError:
    return ProviderError(f"cannot sign in to Azure: {_line(error)}", where=where, hint=_CREDENTIALS)


def _line(error: Any) -> str:
    """The first line that says something; the SDK writes whole pages."""
    lines = [line.strip() for line in str(getattr(error, "message", error)).splitlines()]
    return next((line for line in lines if line), type(error).__name__)[:600]
