"""Where downloads and local machines are kept on this computer."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_root() -> Path:
    """KPROV_CACHE, or the user's cache folder."""
    named = os.environ.get("KPROV_CACHE")
    return Path(named) if named else user_cache_path("kprov")
