"""The cache of this run: where downloads and local machines are kept on this computer."""

from __future__ import annotations

import os
import time
from pathlib import Path

from kprov.artifacts import cache
from kprov.artifacts.http import HttpClient


def cache_root() -> Path:
    """KPROV_CACHE, or the user's cache folder."""
    return cache.cache_root(os.environ.get("KPROV_CACHE"))


def downloads() -> cache.Cache:
    """Downloads by digest; REQUESTS_CA_BUNDLE names certificates to trust."""
    http = HttpClient(time.sleep, certificates=os.environ.get("REQUESTS_CA_BUNDLE"))
    return cache.Cache(cache_root(), http)
