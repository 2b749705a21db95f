"""Which mirror this computer's apt uses: the base image comes from there (sources.list(5))."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<rest>.+)$")
# What debootstrap can download from; mirror+file:, cdrom: and others are apt's own.
_SCHEMES = ("http://", "https://", "file:/")


@dataclass(frozen=True, slots=True)
class Source:
    """One address with one suite. `signed_by` is a keyring file, empty when apt's default."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""
    trusted: bool = False


def read(apt: Path = Path("/etc/apt")) -> tuple[Source, ...]:
    """All enabled binary sources of this computer, in apt's order."""
    folder = apt / "sources.list.d"
    found: list[Source] = []
    for path in (apt / "sources.list", *sorted(folder.glob("*.list"))):
        if path.is_file():
            found += parse_list(path.read_text(errors="replace"))
    for path in sorted(folder.glob("*.sources")):
        found += parse_deb822(path.read_text(errors="replace"))
    return tuple(found)


def parse_list(text: str) -> tuple[Source, ...]:
    """Sources of a one-line-style file."""
    return tuple(_of_line(text))


def _of_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0].strip())
        if not match:
            continue
        words = [word.partition("=") for word in (match["options"] or "").split()]
        options = {key.lower(): value for key, _, value in words}
        suite, *components = match["rest"].split()
        yield Source(
            match["uri"],
            suite,
            tuple(components),
            _keyring(options.get("signed-by", "")),
            options.get("trusted", "") == "yes",
        )


def parse_deb822(text: str) -> tuple[Source, ...]:
    """Sources of a deb822-style file."""
    stanzas = re.split(r"\n\s*\n", _without_comments(text))
    return tuple(source for stanza in stanzas for source in _of_stanza(_fields(stanza)))


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
        else:
            head, _, value = line.partition(":")
            name = head.strip().lower()
            fields[name] = value.strip()
    return fields


def _of_stanza(fields: dict[str, str]) -> Iterator[Source]:
    if "deb" not in fields.get("types", "").split():
        return
    if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off", "without", "disable"):
        return
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Source(
                uri,
                suite,
                tuple(fields.get("components", "").split()),
                _keyring(fields.get("signed-by", "")),
                fields.get("trusted", "").lower() == "yes",
            )


def _keyring(signed_by: str) -> str:
    """The first keyring file; keys written in place (and fingerprints) are apt's own affair."""
    first = signed_by.replace(",", " ").split()
    return first[0] if first and first[0].startswith("/") else ""


def choose(sources: Iterable[Source], can_bootstrap: Callable[[str], bool]) -> Source | None:
    """The distribution's own mirror: component main of a suite that debootstrap knows.

    Third parties publish under the distribution's suite names too, so addresses that end as the
    distributions' do (/debian, /ubuntu) come first.
    """
    fit = [
        source
        for source in sources
        if "main" in source.components
        and source.uri.startswith(_SCHEMES)
        and can_bootstrap(source.suite)
    ]
    own = (source for source in fit if source.uri.rstrip("/").endswith(("/debian", "/ubuntu")))
    return next(own, fit[0] if fit else None)
