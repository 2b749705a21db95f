"""Two applies cannot work on one cluster: a tag of the resource group says who is at it.

Tags are merged by the Tags API, so no tag of anybody else is lost; the value is read back, because
Azure has no compare-and-set for tags: the last writer has it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kprov.model.cluster import ClusterSpec
from kprov.model.errors import LeaseHeldError
from kprov.providers.aks.client import Azure
from kprov.providers.aks.errors import persistent, told
from kprov.providers.aks.look import get_or_none
from kprov.providers.aks.names import LEASE, group_id

_LIFE = timedelta(minutes=30)
_RENEW = 600.0
"""Seconds after which it is renewed while an operation runs."""


@dataclass(slots=True)
class Lease:
    """The lease on one cluster."""

    spec: ClusterSpec
    azure: Azure
    owner: str = ""
    renewed: float = field(default=0.0)

    @property
    def tag(self) -> str:
        """The tag's name: clusters may share a resource group."""
        return f"{LEASE}-{self.spec.name}"

    @property
    def tags(self) -> dict[str, str]:
        """The tag for a resource group that is only being made; empty when nothing is held."""
        return {self.tag: self._value()} if self.owner else {}

    @contextmanager
    def held(self, owner: str, *, steal: bool) -> Iterator[None]:
        """Hold it for the block. Raises LeaseHeldError."""
        group = self._group()
        holder = holder_of(group, self.spec.name)
        if holder and not steal and not holder.startswith(f"{owner},"):
            raise _held(holder, self.spec.name)
        self.owner, self.renewed = owner, time.monotonic()
        if group is not None:
            self._write("Merge", self._value())
            now = holder_of(self._group(), self.spec.name)
            if now and not now.startswith(f"{owner},"):
                raise _held(now, self.spec.name)
        try:
            yield
        finally:
            self.owner = ""
            if self._group() is not None:
                self._write("Delete", "")

    def renew(self) -> None:
        """Called while waiting: nothing is done until it is due."""
        if self.owner and time.monotonic() - self.renewed > _RENEW:
            self.renewed = time.monotonic()
            self._write("Merge", self._value())

    def _group(self) -> Mapping[str, Any] | None:
        assert self.spec.azure is not None
        with told(self.spec.name):
            return get_or_none(
                self.azure.resources.resource_groups.get, self.spec.azure.resource_group.name
            )

    def _write(self, operation: str, value: str) -> None:
        body = {"operation": operation, "properties": {"tags": {self.tag: value}}}
        with told(f"{self.spec.name}: the lease, a tag of its resource group"):
            write = self.azure.resources.tags.begin_update_at_scope
            persistent(lambda: write(group_id(self.spec), body).result())

    def _value(self) -> str:
        return f"{self.owner}, until {(datetime.now(UTC) + _LIFE).isoformat(timespec='seconds')}"


def holder_of(group: Mapping[str, Any] | None, cluster: str) -> str:
    """Who holds the lease and until when; an empty text when nobody does, or no longer."""
    value = str(((group or {}).get("tags") or {}).get(f"{LEASE}-{cluster}") or "")
    _, _, end = value.rpartition(", until ")
    try:
        return value if datetime.fromisoformat(end) > datetime.now(UTC) else ""
    except ValueError:
        return ""


def _held(holder: str, cluster: str) -> LeaseHeldError:
    return LeaseHeldError(
        f"another apply is at work: {holder}", where=cluster,
        hint="wait for its end; --steal-lease takes it over",
    )  # fmt: skip
