"""What holds for all tests."""

from __future__ import annotations

import signal

from hypothesis import settings

# A shell that runs the tests in the background has them ignore Ctrl-C, and what they start as well.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Properties are about what comes out, not about how busy the computer is.
settings.register_profile("kprov", deadline=None)
settings.load_profile("kprov")
