"""Bad days, planned: connections cut, answers refused, operations that fail. All deterministic.

A test appends faults to `emulator.faults`; each is used up as it says and then gone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Request

Matches = Callable[[Request], bool]


class Cut(Enum):
    """When a connection breaks: before the request is worked on, or before its answer leaves."""

    BEFORE = "before"
    AFTER = "after"


def writes(request: Request) -> bool:
    """Is it a request that changes something?"""
    return request.method in {"PUT", "PATCH", "POST", "DELETE"}


def puts(request: Request) -> bool:
    """Is it a PUT?"""
    return request.method == "PUT"


def anything(_: Request) -> bool:
    """Every ARM request."""
    return True


@dataclass
class CutConnection:
    """The connection is cut at the `number`-th ARM request from now (the next one is 1)."""

    number: int
    when: Cut = Cut.BEFORE


@dataclass
class Refuse:
    """The next `times` matching requests are refused, nothing is changed."""

    refusal: Refusal
    times: int = 1
    matching: Matches = anything


@dataclass(frozen=True)
class FailOperation:
    """The next long operation of this kind on a matching resource ends badly.

    `kind` is `create`, `update`, `upgrade`, `scale` or `delete`; `resource` is the end of an id
    (`agentPools/work`, `managedClusters/prod`; the empty text matches all). A cluster that fails in
    its create at stage `control-plane` has no API server, at stage `pools` it has one.
    """

    kind: str
    error: Refusal
    resource: str = ""
    stage: str = "pools"


def busy(
    times: int = 1, *, what: str = "nodepool1 - Updating", matching: Matches = writes
) -> Refuse:
    """Somebody else's operation is in progress (aks.md 6.6)."""
    message = (
        f"Operation is not allowed: Another operation ({what}) is in progress, please wait for it "
        "to finish before starting a new operation. See https://aka.ms/aks-pending-operation for "
        "more details"
    )
    return Refuse(Refusal(409, "OperationNotAllowed", message), times, matching)


def throttled(
    times: int = 1, *, retry_after: float | None = 0.01, matching: Matches = anything
) -> Refuse:
    """The service's token bucket is empty (aks.md 2; Retry-After in seconds, None for no header).

    Azure sends whole seconds. The SDK takes fractions, so that tests need not wait.
    """
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    message = (
        "The request is throttled. Please try again after the time in the Retry-After header. "
        "See https://aka.ms/aks/throttling"
    )
    return Refuse(Refusal(429, "Throttled", message, headers=headers), times, matching)


def internal_error(times: int = 1, *, status: int = 500, matching: Matches = anything) -> Refuse:
    """The service has trouble of its own."""
    return Refuse(
        Refusal(status, "InternalServerError", "An unexpected error occurred.", by_arm=True),
        times,
        matching,
    )


def allocation_failed() -> Refusal:
    """No capacity (aks.md 6.8)."""
    return Refusal(
        200,
        "AllocationFailed",
        "The VM allocation failed due to an internal error. Please retry later or try deploying to "
        "a different location. See https://aka.ms/aks/allocationfailed",
    )


@dataclass
class Faults:
    """What will go wrong, and what went wrong so far."""

    planned: list[CutConnection | Refuse | FailOperation] = field(default_factory=list)

    def add(self, *faults: CutConnection | Refuse | FailOperation) -> None:
        """Plan these."""
        self.planned.extend(faults)

    def clear(self) -> None:
        """Nothing more goes wrong."""
        self.planned.clear()

    def cut(self) -> Cut | None:
        """Is this request the one whose connection breaks? Counts it."""
        found = None
        for fault in [each for each in self.planned if isinstance(each, CutConnection)]:
            fault.number -= 1
            if fault.number <= 0:
                self.planned.remove(fault)
                found = fault.when
        return found

    def refuse(self, request: Request) -> None:
        """Raise the refusal that was planned for this request, if one was."""
        for fault in self.planned:
            if isinstance(fault, Refuse) and fault.matching(request):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                raise fault.refusal

    def failure(self, kind: str, resource: str) -> FailOperation | None:
        """How this operation will fail, if it will."""
        for fault in self.planned:
            if (
                isinstance(fault, FailOperation)
                and fault.kind == kind
                and resource.lower().endswith(fault.resource.lower())
            ):
                self.planned.remove(fault)
                return fault
        return None
