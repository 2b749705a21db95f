"""Long-running operations: accepted at once, done when their time has come.

Source: https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/async-api-reference.md;
recorded-traffic-facts.json (`operation_in_progress`, `operation_succeeded`, `delete`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.azure.arm_errors import Refusal
from tests.azure.clock import Clock
from tests.azure.exchange import Json, Request, Response

POLL_VERSION = "2016-03-30"


def _nothing() -> None:
    """What an operation does that changes nothing at its end."""


@dataclass
class Operation:
    """One of them. `blocks` is the id of the cluster on which nothing else may start meanwhile."""

    subscription: str
    location: str
    resource: str
    kind: str
    verb: str
    started: float
    ends: float
    blocks: str
    succeed: Callable[[], None] = _nothing
    fail: Callable[[], None] = _nothing
    cancel: Callable[[], None] = _nothing
    error: Refusal | None = None
    status: str = "InProgress"
    guid: str = field(default_factory=lambda: str(uuid.uuid4()))
    finished: float | None = None

    def url(self, base: str, kind: str = "operations") -> str:
        """Where a client asks how it stands."""
        return (
            f"{base}/subscriptions/{self.subscription}/providers/Microsoft.ContainerService/"
            f"locations/{self.location}/{kind}/{self.guid}?api-version={POLL_VERSION}"
        )

    @property
    def name(self) -> str:
        """As in recorded bodies: the first three groups have their bytes swapped."""
        return str(uuid.UUID(bytes_le=uuid.UUID(self.guid).bytes))


@dataclass
class Operations:
    """All of them, and how they end."""

    clock: Clock
    known: dict[str, Operation] = field(default_factory=dict)

    def start(self, operation: Operation) -> Operation:
        """Accept one."""
        self.known[operation.guid] = operation
        return operation

    def settle(self) -> None:
        """End those whose time has come, in the order of their ends."""
        due = [op for op in self.running() if op.ends <= self.clock.now]
        for operation in sorted(due, key=lambda each: each.ends):
            self._end(operation)

    def _end(self, operation: Operation) -> None:
        operation.finished = operation.ends
        if operation.error is None:
            operation.status = "Succeeded"
            operation.succeed()
        else:
            operation.status = "Failed"
            operation.fail()

    def abort(self, operation: Operation) -> None:
        """End one before its time, as somebody asked."""
        operation.status, operation.finished = "Canceled", self.clock.now
        operation.error = Refusal(200, "OperationAborted", "The operation was aborted by the user.")
        operation.cancel()

    def running(self, blocks: str | None = None) -> list[Operation]:
        """Those in progress, all or those of one cluster."""
        return [
            op
            for op in self.known.values()
            if op.status == "InProgress" and (blocks is None or op.blocks == blocks.lower())
        ]

    def describe(self, operation: Operation) -> Json:
        """The body of a poll."""
        body: Json = {
            "name": operation.name,
            "status": operation.status,
            "startTime": self.clock.stamp(operation.started),
        }
        if operation.finished is not None:
            body["endTime"] = self.clock.stamp(operation.finished)
        if operation.error is not None and operation.status != "InProgress":
            body["error"] = operation.error.error()
        return body

    def poll(self, guid: str) -> Response:
        """Azure-AsyncOperation: always 200."""
        return Response(200, self.describe(self._find(guid)))

    def result(self, guid: str, request: Request) -> Response:
        """Location: 202 until it is over."""
        operation = self._find(guid)
        if operation.status == "InProgress":
            return Response(
                202, None, {"Location": operation.url(request.base, "operationresults")}
            )
        if operation.error is not None:
            raise Refusal(
                409, operation.error.code, operation.error.message, details=operation.error.details
            )
        return Response(204)

    def has_ended(self, guid: str) -> bool:
        """Is it over?"""
        return self._find(guid).status != "InProgress"

    def _find(self, guid: str) -> Operation:
        try:
            return self.known[guid]
        except KeyError:
            raise Refusal(
                404, "NotFound", f"The entity was not found. Operation id: {guid}", by_arm=True
            ) from None
