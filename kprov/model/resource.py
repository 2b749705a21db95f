"""Resource: one thing that a host shall have, as data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov.model.errors import Location

Scalar = str | int | bool
State = Mapping[str, Scalar]
"""What is compared: flat, so that one diff serves all kinds. Absent is None."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that travel to a host, named by their digest; secret ones are never shown."""

    data: bytes
    secret: bool = False

    @property
    def sha256(self) -> str:
        """Hex digest of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    def __repr__(self) -> str:
        return f"Content({'***' if self.secret else self.sha256[:12]}, {len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Resource:
    """A desired state.

    `expected` None means: must not exist. `params` say how to write it and are not compared.
    `restart_on` and `reload_on` (units) are resource ids.
    """

    kind: str
    name: str
    expected: State | None
    params: Mapping[str, Any] = field(default_factory=dict)
    content: Content | None = None
    restart_on: tuple[str, ...] = ()
    reload_on: tuple[str, ...] = ()
    role: str = ""
    location: Location = field(default_factory=lambda: Location("role"))

    @property
    def id(self) -> str:
        """`file:/etc/etcd/etcd.env`: unique on a host, known from the inventory alone."""
        return f"{self.kind}:{self.name}"
