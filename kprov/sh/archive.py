"""What travels to a host: a deterministic tar.gz, and the boot line that unpacks and runs it.

A gzip stream may have several members (RFC 1952, 2.2), so artefacts that are compressed in the
cache are stitched in as they are and never compressed again.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BOOT = (
    "umask 077; for b in /run /var/lib /tmp; do [ -w $b ] && break; done; "
    "d=$(mktemp -d $b/kprov.XXXXXX) || exit 71; "
    'trap "rm -rf $d" EXIT; trap "exit 129" HUP INT TERM PIPE; '
    "tar -xzf - -C $d 2>$d/tar.log || { cat $d/tar.log >&2; exit 72; }; "
    "KPROV_TMP=$d; export KPROV_TMP; . $d/run </dev/null"
)
"""Unpack in a private folder, run only when everything arrived. One line without single quotes."""

DELIVER = (
    "umask 077; [ -d /opt/kprov ] || mkdir -p -m 0711 /opt/kprov; mkdir -p /opt/kprov/.incoming && "
    "tar -xzf - -C /opt/kprov/.incoming"
)
"""Unpack artefacts where the payload finds them, on the file system of their destination."""

_BLOCK = 512


def bundle(files: Mapping[str, bytes]) -> bytes:
    """The same tar.gz for the same files, whatever the time: names in the order given."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            archive.addfile(_header(name, len(data)), io.BytesIO(data))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


@dataclass(frozen=True, slots=True)
class TarEntry:
    """A file for `stitched`; `compressed`: `path` is a gzip of exactly its `size` bytes."""

    name: str
    size: int
    path: Path
    compressed: bool


def stitched(entries: Iterable[TarEntry]) -> Iterator[bytes]:
    """A tar.gz of files, piece by piece; what is compressed already is not compressed again."""
    for entry in entries:
        yield _member(_header(entry.name, entry.size).tobuf(tarfile.USTAR_FORMAT))
        yield from _pieces(entry.path) if entry.compressed else _stored(entry.path)
        yield _member(b"\0" * (-entry.size % _BLOCK))
    yield _member(b"\0" * (2 * _BLOCK))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            yield piece


def _stored(path: Path) -> Iterator[bytes]:
    """A gzip member quickly made: archives are compressed inside."""
    packer = zlib.compressobj(1, wbits=31)
    for piece in _pieces(path):
        yield packer.compress(piece)
    yield packer.flush()


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size = size
    header.mode = 0o600
    return header


def _member(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=1, mtime=0)
