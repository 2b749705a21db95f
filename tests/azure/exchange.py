"""One request and one answer, as ARM sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.azure.arm_errors import Refusal

Json = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What arrived. Header names are in lower case; `base` is the address it was sent to."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str

    def json(self) -> Json:
        """The body as an object; a refusal when it is none."""
        try:
            sent = json.loads(self.body or b"null")
        except ValueError as error:
            raise Refusal.invalid_request(f"The request content was invalid: {error}.") from None
        if not isinstance(sent, dict):
            raise Refusal.invalid_request("The request content is not a valid JSON object.")
        return sent


@dataclass(frozen=True)
class Response:
    """What goes back; a body of None is an empty one."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self) -> bytes:
        """The body's bytes."""
        return b"" if self.body is None else json.dumps(self.body).encode()
