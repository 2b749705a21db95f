"""The known_hosts format of OpenSSH: sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".

Own reader, because paramiko's keeps neither line numbers nor wildcards nor markers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kprov.model.errors import Location

_MARKERS = ("@revoked", "@cert-authority")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line: these names have this key."""

    names: tuple[str, ...]
    key_type: str
    blob: bytes
    location: Location
    marker: str = ""

    def matches(self, name: str) -> bool:
        """Whether the line is about `name`, which is `host` or `[host]:port`."""
        wanted = [pattern for pattern in self.names if not pattern.startswith("!")]
        unwanted = [pattern[1:] for pattern in self.names if pattern.startswith("!")]
        return any(_matches(pattern, name) for pattern in wanted) and not any(
            _matches(pattern, name) for pattern in unwanted
        )


def host_key_name(address: str, port: int) -> str:
    """How known_hosts writes an address: `[host]:port` unless the port is 22."""
    return address.lower() if port == 22 else f"[{address.lower()}]:{port}"


def fingerprint(blob: bytes) -> str:
    """`SHA256:...` as ssh-keygen -l prints it."""
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def read(path: Path) -> tuple[KnownKey, ...]:
    """The keys of a file; none when there is no such file. Lines that make no sense are left out.

    Raises OSError for a file that cannot be read.
    """
    try:
        text = path.read_text(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ()
    keys = (parse_line(line, Location(str(path), n)) for n, line in enumerate(text.split("\n"), 1))
    return tuple(key for key in keys if key is not None)


def parse_line(line: str, location: Location) -> KnownKey | None:
    """The key of a line, None for comments and what is not a key."""
    fields = line.split()
    if not fields or fields[0].startswith("#"):
        return None
    marker = fields.pop(0) if fields[0] in _MARKERS else ""
    if len(fields) < 3:
        return None
    names, key_type, encoded = fields[:3]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    return KnownKey(tuple(names.split(",")), key_type, blob, location, marker)


def format_line(name: str, key_type: str, blob: bytes) -> str:
    """A line for known_hosts, newline included."""
    return f"{name} {key_type} {base64.b64encode(blob).decode()}\n"


def without(text: str, name: str) -> tuple[str, int]:
    """`text` of a known_hosts file without the lines about exactly `name`; how many those were."""
    kept: list[str] = []
    lines = text.splitlines(keepends=True)
    for line in lines:
        key = parse_line(line, Location(""))
        if key is None or not (name in key.names or _is_hash_of(key.names, name)):
            kept.append(line)
    return "".join(kept), len(lines) - len(kept)


def _is_hash_of(names: Iterable[str], name: str) -> bool:
    return any(pattern.startswith("|1|") and _matches(pattern, name) for pattern in names)


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        return _matches_hash(pattern, name)
    if "*" in pattern or "?" in pattern:
        escaped = re.escape(pattern.lower()).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(escaped, name) is not None
    return pattern.lower() == name


def _matches_hash(pattern: str, name: str) -> bool:
    try:
        salt, digest = (base64.b64decode(part) for part in pattern.split("|")[2:])
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
