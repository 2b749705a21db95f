"""Floor 3: load, merge and validate what people write."""

from __future__ import annotations

from kprov.inventory.load import load

__all__ = ["load"]
