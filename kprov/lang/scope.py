"""What a host's roles see while they are expanded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kprov.lang.sources import Sources
from kprov.lang.template import Renderers


@dataclass(frozen=True, slots=True)
class Scope:
    """What a host's roles see. `pending`: facts are not there yet."""

    values: Mapping[str, Any]
    host_vars: Mapping[str, Any]
    sources: Sources
    pending: bool
    renderers: Renderers
