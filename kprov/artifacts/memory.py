"""What earlier runs have learned from servers, so that a second run asks nothing."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kprov.artifacts.problems import cannot_write


@dataclass(frozen=True, slots=True)
class Memory:
    """A small map of text to text in the cache; losing it costs a few requests, no more."""

    path: Path

    def get(self, key: str) -> str | None:
        """What was put under `key`, None when nothing was or the file is damaged."""
        return self._load().get(key)

    def put(self, key: str, value: str) -> None:
        """Remember. Raises ArtifactError when the cache cannot be written."""
        known = self._load()
        if known.get(key) != value:
            self._store({**known, key: value})

    def _load(self) -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self.path.read_bytes())
            if isinstance(found, dict):
                return {str(key): str(value) for key, value in found.items()}
        return {}

    def _store(self, known: dict[str, str]) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.path.parent)
            with os.fdopen(descriptor, "w") as stream:
                json.dump(known, stream, indent=1, sort_keys=True)
            Path(name).replace(self.path)
        except OSError as error:
            raise cannot_write(self.path, error) from error
