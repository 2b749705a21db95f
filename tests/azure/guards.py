"""What every write on a cluster or pool must pass: preconditions, throttle, nothing in progress."""

from __future__ import annotations

from tests.azure.arm import Call
from tests.azure.arm_errors import Refusal
from tests.azure.state import Cluster


def check_preconditions(call: Call, etag: str | None) -> None:
    """If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2); None: it does not exist.

    The SDK puts quotes around the eTag of a body (aks.md 2), so they are taken off.
    """
    if call.request.headers.get("if-none-match") == "*" and etag is not None:
        raise Refusal(412, "PreconditionFailed", "The resource exists already (If-None-Match: *).")
    wanted = call.request.headers.get("if-match")
    if wanted is None or (wanted == "*" and etag is not None):
        return
    if wanted.strip('"') != etag:
        raise Refusal(
            412,
            "EtagMismatch",
            f"The eTag {wanted} of the request does not match the current eTag of the resource. "
            "Get the resource again and retry.",
        )


def check_bucket(call: Call, location: str, kind: str) -> None:
    """PUTs per region: a bucket of `put_bucket`, refilled one a minute (aks.md 2)."""
    size = call.world.settings.put_bucket
    if size is None:
        return
    now = call.world.clock.now
    left, since = call.world.buckets.get((location, kind), (float(size), now))
    left = min(float(size), left + (now - since) / 60)
    if left < 1:
        wait = max(1, round((1 - left) * 60))
        raise Refusal(
            429,
            "Throttled",
            f"The request rate of {kind} in {location} is too high. Retry after {wait} seconds. "
            "See https://aka.ms/aks/throttling",
            headers={"Retry-After": str(wait)},
        )
    call.world.buckets[location, kind] = (left - 1, now)


def check_idle(call: Call, cluster: Cluster) -> None:
    """One operation at a time on a cluster and its pools (aks.md 6.6)."""
    running = call.world.operations.running(cluster.key)
    if running:
        operation = running[0]
        what = f"{operation.resource.rsplit('/', 1)[-1]} - {operation.verb}"
        raise Refusal(
            409,
            "OperationNotAllowed",
            f"Operation is not allowed: Another operation ({what}) is in progress, please wait for "
            "it to finish before starting a new operation. See "
            "https://aka.ms/aks-pending-operation for more details",
        )
