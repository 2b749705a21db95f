"""Versions that compare as numbers: `v1.36.2`, `3.5.30`, `v1.20.3-test`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATTERN = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?([-+][0-9A-Za-z.+-]+)?$")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A release number; a suffix such as `-rc.1` is kept but does not order."""

    major: int
    minor: int
    patch: int = 0
    suffix: str = ""

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `v1.2.3`, `1.2.3` or `1.2`; raises ValueError for anything else."""
        match = _PATTERN.match(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a version such as v1.36.2")
        major, minor, patch, suffix = match.groups()
        return cls(int(major), int(minor), int(patch or 0), suffix or "")

    def at_least(self, text: str) -> bool:
        """Whether this is release `text` (major.minor[.patch]) or newer, suffixes aside."""
        other = Version.parse(text)
        return (self.major, self.minor, self.patch) >= (other.major, other.minor, other.patch)

    @property
    def minor_text(self) -> str:
        """`1.36`."""
        return f"{self.major}.{self.minor}"

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}{self.suffix}"
