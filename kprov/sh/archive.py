"""What travels to a host: a deterministic tar.gz, and the boot line that unpacks and runs it.

A gzip stream may have several members (RFC 1952, 2.2), so artefacts that are compressed in the
cache are stitched in as they are and never compressed again.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping
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
    "umask 077; mkdir -p /opt/kprov/.incoming && chmod 0711 /opt/kprov && "
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


def stitched(files: Iterable[tuple[str, int, Path]]) -> Iterator[bytes]:
    """A tar.gz of (name, size, gzip of exactly that many bytes), piece by piece."""
    for name, size, compressed in files:
        yield _member(_header(name, size).tobuf(tarfile.USTAR_FORMAT))
        with compressed.open("rb") as source:
            while piece := source.read(1 << 20):
                yield piece
        yield _member(b"\0" * (-size % _BLOCK))
    yield _member(b"\0" * (2 * _BLOCK))


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size = size
    header.mode = 0o600
    return header


def _member(data: bytes) -> bytes:
    return gzip.compress(data, compresslevel=1, mtime=0)
