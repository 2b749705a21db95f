"""The script that takes kprov off a host, and how to read what it reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kprov.sh.archive import bundle
from kprov.sh.library import RESET, library
from kprov.sh.payload import LEASE_SECONDS, LeaseTerms
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


def reset_bundle(lease: LeaseTerms, *, keep_binaries: bool) -> bytes:
    """The reset ready to be streamed to a host."""
    lines = [
        library(RESET),
        'exec 3>&1 >/dev/null 2>"$KPROV_TMP/log"',
        call("lease_take", lease.run, lease.owner, str(LEASE_SECONDS), lease.steal),
        call("reset_host", keep_binaries),
        'printf \'{"end":"reset"}\\n\' >&3',
        "",
    ]
    return bundle({"run": "\n".join(lines).encode()})


def read_reset(lines: Iterable[str]) -> tuple[bool, Counter[str], str]:
    """Whether it came to its end, how many things of which kind are gone, who holds the lease.

    Nothing is read behind a held lease: the script ends there, with an exit status of its own.
    """
    texts: list[str] = []
    for line in lines:
        texts.append(line)
        if Records.of([line]).get("lease", "held"):
            break
    gone = Counter(
        name for text in texts for kind, name in Records.of([text]).lines if kind == "gone"
    )
    records = Records.of(texts)
    held = records.get("lease", "held")
    owner = text_member(held, "owner") if held else ""
    return records.get("end", "reset") is not None, gone, owner
