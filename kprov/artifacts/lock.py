"""kprov.lock: the address and sha256 of every artefact a cluster was made of.

Addresses are upstream's, whatever mirror served them, so the file is the same everywhere and may
be kept in version control: one line for each artefact, sorted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import yaml

from kprov.model.errors import ArtifactError

_HEADER = """\
# Written by kprov: what was installed, pinned by sha256. Keep it with the inventory.
# To take a release that upstream has replaced, remove its line.
version: 1
"""
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LockFile:
    """Upstream address to sha256 (64 hex digits)."""

    entries: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def get(self, upstream_url: str) -> str | None:
        """The pinned digest, None when there is none."""
        return self.entries.get(upstream_url)

    def pin(self, upstream_url: str, sha256: str) -> LockFile:
        """This file with one more line."""
        return LockFile(MappingProxyType({**self.entries, upstream_url: sha256}))

    def dump(self) -> str:
        """The text of the file: the same for the same entries."""
        lines = [f"  {url}: {digest}\n" for url, digest in sorted(self.entries.items())]
        return _HEADER + ("artifacts:\n" + "".join(lines) if lines else "artifacts: {}\n")


def parse_lock(text: str, *, where: str) -> LockFile:
    """Read a lock file; raises ArtifactError for anything that `dump` does not write."""
    try:
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  makes strings only
    except yaml.YAMLError as error:
        raise _damaged(f"it is not YAML: {error}", where) from error
    if not isinstance(document, dict) or document.get("version") != "1":
        raise _damaged("`version: 1` is missing", where)
    entries = document.get("artifacts")
    if not isinstance(entries, dict):
        raise _damaged("`artifacts` is not a map", where)
    for url, digest in entries.items():
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise _damaged(f"{url}: {digest!r} is not a sha256 (64 hexadecimal digits)", where)
    return LockFile(MappingProxyType(dict(entries)))


def _damaged(what: str, where: str) -> ArtifactError:
    return ArtifactError(
        f"this lock file cannot be used: {what}",
        where=where,
        hint="restore it from version control, or remove it to pin what is published now",
    )
