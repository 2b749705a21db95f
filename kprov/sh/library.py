"""The shell library that travels with probes and payloads."""

from __future__ import annotations

import functools
from importlib.resources import files

PROBE = ("core", "look", "kube", "node", "facts", "fitness")
BENCHMARK = ("benchmark",)
"""On top of a probe that looks for the security benchmark."""
PAYLOAD = (
    "core", "result", "lease", "look", "kube", "write", "node", "unit", "manifest", "artifact",
)  # fmt: skip
REACH = ("core", "reach")
RESET = ("core", "result", "lease", "reset")


@functools.cache
def library(names: tuple[str, ...]) -> str:
    """The named files of kprov/sh/lib as one text, comments and blank lines left out."""
    folder = files("kprov.sh").joinpath("lib")
    lines = "".join(folder.joinpath(f"{name}.sh").read_text() for name in names).splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("# "))
