"""Floor 3: load, merge and validate what people write."""

from __future__ import annotations

from kprov.inventory.load import load
from kprov.inventory.scaffold import scaffold
from kprov.inventory.schema import json_schema

__all__ = ["json_schema", "load", "scaffold"]
