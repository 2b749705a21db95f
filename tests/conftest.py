"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# Properties are about what comes out, not about how busy the computer is.
settings.register_profile("kprov", deadline=None)
settings.load_profile("kprov")
