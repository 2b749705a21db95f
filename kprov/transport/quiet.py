"""paramiko's own voice: tracebacks of its threads on the error output. Nobody hears it."""

from __future__ import annotations

import logging


def quiet_paramiko() -> None:
    """Silence paramiko's loggers; what went wrong reaches people as kprov's errors.

    Off rather than filtered: at DEBUG level it also costs time for every packet.
    """
    logger = logging.getLogger("paramiko")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
