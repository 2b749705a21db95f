"""Host patterns: `cp[1:3]`, `w[01:10]`, `[a:c].example.com`, `n[1:9:2]`, `host:2222`.

The rules are Ansible's (its inventory guide, "Adding ranges of hosts"): both ends are included, a
leading zero fixes the width, letters count through a-z then A-Z, several ranges multiply out.
"""

from __future__ import annotations

import ipaddress
import re
import string

MAX_HOSTS = 10_000
"""More than this from one pattern is a slip of the finger."""

_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_PORT = re.compile(r"^(?P<name>.+?):(?P<port>\d+)$")


def expand(pattern: str) -> tuple[tuple[str, ...], int | None]:
    """Host names of a pattern and the port behind it; raises ValueError that says what is wrong."""
    name, port = _split_port(pattern)
    if _is_ipv6(name):
        return (name,), port
    return tuple(_expand_ranges(name)), port


def _split_port(pattern: str) -> tuple[str, int | None]:
    if _is_ipv6(pattern):
        return pattern, None
    match = _PORT.match(pattern)
    name, port = (match["name"], int(match["port"])) if match else (pattern, None)
    if name.startswith("[") and name.endswith("]") and _is_ipv6(name[1:-1]):
        name = name[1:-1]
    if port is not None and not 1 <= port <= 65535:
        raise ValueError(f"{pattern!r} has port {port}, expected 1 to 65535")
    if name.endswith(":"):
        raise ValueError(f"{pattern!r} ends with a colon; a space or a port is missing")
    return name, port


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _expand_ranges(pattern: str) -> list[str]:
    match = _BRACKET.search(pattern)
    if match is None:
        if "[" in pattern or "]" in pattern:
            raise ValueError(f"{pattern!r} has an unpaired bracket, expected name[first:last]")
        return [pattern]
    head, tail = pattern[: match.start()], pattern[match.end() :]
    items, rest = _range_items(match[1]), _expand_ranges(tail)
    if len(items) * len(rest) > MAX_HOSTS:
        raise ValueError(f"{pattern!r} stands for more than {MAX_HOSTS} hosts")
    return [f"{head}{item}{end}" for item in items for end in rest]


def _range_items(text: str) -> list[str]:
    parts = text.split(":")
    if len(parts) not in (2, 3):
        raise ValueError(f"[{text}] is not a range, expected [first:last] or [first:last:step]")
    first, last = parts[0] or "0", parts[1]
    step = _step(parts[2] if len(parts) == 3 else "1", text)
    if first.isascii() and first.isdigit() and last.isascii() and last.isdigit():
        return _numbers(first, last, step)
    letters = string.ascii_letters
    if len(first) == len(last) == 1 and first in letters and last in letters:
        low, high = letters.index(first), letters.index(last)
        _in_order(low, high, text)
        return list(letters[low : high + 1 : step])
    raise ValueError(f"[{text}] is not a range, expected numbers [1:9] or letters [a:f]")


def _step(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise ValueError(f"[{whole}] has step {text!r}, expected a number from 1")
    return int(text)


def _numbers(first: str, last: str, step: int) -> list[str]:
    whole = f"{first}:{last}"
    width = len(first) if first.startswith("0") and len(first) > 1 else 0
    if width and len(last) != width:
        raise ValueError(f"[{whole}] has ends of unlike length, expected as in [01:10]")
    low, high = int(first), int(last)
    _in_order(low, high, whole)
    if (high - low) // step >= MAX_HOSTS:
        raise ValueError(f"[{whole}] stands for more than {MAX_HOSTS} hosts")
    return [str(number).zfill(width) for number in range(low, high + 1, step)]


def _in_order(low: int, high: int, text: str) -> None:
    if low > high:
        raise ValueError(f"[{text}] runs backwards, expected the smaller end first")
