"""What a check is about: one host of a cluster, as it was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import yaml

from kprov.model.benchmark import Seen, Status
from kprov.model.cluster import ClusterSpec

Outcome = tuple[Status, str]
"""What became of a check, and the evidence for it."""


@dataclass(frozen=True)
class Subject:
    """A host under examination. `contents`: files that travelled, by path."""

    hostname: str
    cluster: ClusterSpec
    seen: Seen
    contents: Mapping[str, bytes]

    def flags(self, program: str) -> Mapping[str, str] | None:
        """The flags that a unit's process runs with; None: it does not run."""
        args = self.seen.programs.get(f"{program}.service")
        if args is None:
            return None
        pairs = (arg[2:].partition("=") for arg in args if arg.startswith("--"))
        return {name: value if equals else "true" for name, equals, value in pairs}

    @cached_property
    def kubelet(self) -> Mapping[str, Any] | None:
        """The kubelet's configuration file, as its process names it; None: not to be had."""
        flags = self.flags("kubelet")
        data = None if flags is None else self.contents.get(flags.get("config", ""))
        try:
            config = yaml.safe_load(data or b"")
        except yaml.YAMLError:
            return None
        return config if isinstance(config, dict) else None


class Rule(Protocol):
    """How one check is decided."""

    def judge(self, subject: Subject) -> Outcome:
        """The outcome on one host."""
        ...
