"""Upstream versions, read out of Debian's version strings."""

from __future__ import annotations

import re

from tests.testbed.process import TestbedError


def upstream(debian: str) -> str:
    """Return the upstream part of a Debian version: `1:1.6.20~ds1-1+deb12u3` is `1.6.20`.

    `+really` names the version that is really inside (`1.20.5+really1.20.2-1.1` is `1.20.2`);
    epoch, revision and repack suffixes fall away (Debian Policy 5.6.12, Developer's Reference).
    Raises TestbedError when what remains is not numbers and dots.
    """
    without_epoch = debian.rpartition(":")[2]
    version = without_epoch.rpartition("-")[0] or without_epoch
    version = version.rpartition("+really")[2]
    found = re.match(r"\d+(\.\d+)+(?=$|[~+])", version)
    if not found:
        raise TestbedError(
            f"Debian version {debian!r}: expected digits and dots, with a suffix after ~ or +"
        )
    return found.group()
