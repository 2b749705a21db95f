"""What only the build knows: the commit that a wheel or sdist is made from."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMIT_FILE = "kprov/_share/commit"
"""Read by `kprov --version`; an sdist has it already, a checkout has git."""


class CommitHook(BuildHookInterface[Any]):
    """Puts the commit into what is built; nothing where there is neither git nor such a file."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Editable installations ask git when they are asked for their version."""
        if version == "editable" or (Path(self.root) / COMMIT_FILE).is_file():
            return
        command = ("git", "-C", self.root, "rev-parse", "--short=12", "HEAD")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return
        self._folder = tempfile.TemporaryDirectory()  # lives until the build has read it
        path = Path(self._folder.name) / "commit"
        path.write_text(done.stdout)
        build_data["force_include"][str(path)] = COMMIT_FILE
