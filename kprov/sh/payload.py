"""The payload: changes to one script with its blobs; and how to read what it reports."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kprov.model.change import Change
from kprov.model.result import ChangeResult, Outcome
from kprov.sh.archive import bundle
from kprov.sh.kinds import KINDS
from kprov.sh.library import PAYLOAD, library
from kprov.sh.quote import call

LEASE_SECONDS = 900
"""A payload's lease runs out after this time when nothing renews or drops it."""


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """Which run takes the lease, in whose name, and whether this payload is the host's last."""

    run: str
    owner: str
    steal: bool = False
    last: bool = False


def payload_script(changes: Sequence[Change], lease: LeaseTerms) -> str:
    """Shell text: take the lease, make the changes in order, end at the first failure."""
    lines = [
        library(PAYLOAD),
        "exec 3>&1 >/dev/null",
        "trap 'kprov_rc=$?; lease_drop; rm -rf \"$KPROV_TMP\"; exit $kprov_rc' EXIT",
        call("lease_take", lease.run, lease.owner, str(LEASE_SECONDS), lease.steal),
        ': >>"$KPROV_STATE/owned"',
    ]
    for number, change in enumerate(changes):
        lines += [f"begin {number}", KINDS[change.resource.kind].write(change)]
    if lease.last:
        lines.append("clear_incoming")
    else:
        lines.append("trap 'rm -rf \"$KPROV_TMP\"' EXIT")
    lines += ['printf \'{"end":"payload"}\\n\' >&3', ""]
    return "\n".join(lines)


def payload_bundle(changes: Sequence[Change], lease: LeaseTerms) -> bytes:
    """The payload ready to be streamed to a host: script first, then blobs by digest."""
    files = {"run": payload_script(changes, lease).encode()}
    contents = {
        c.resource.content.sha256: c.resource.content.data for c in changes if c.resource.content
    }
    files |= {f"blobs/{digest}": contents[digest] for digest in sorted(contents)}
    return bundle(files)


@dataclass(frozen=True, slots=True)
class LeaseHeld:
    """The host is leased to somebody else; `expires` in seconds since the epoch."""

    owner: str
    expires: int


@dataclass(frozen=True, slots=True)
class PayloadEnd:
    """The payload came to its end."""


def read_line(line: str, changes: Sequence[Change]) -> ChangeResult | LeaseHeld | PayloadEnd | None:
    """One line of a payload's report; None for lines that are none."""
    if not line.startswith("{"):
        return None
    try:
        return _read(json.loads(line), changes)
    except (ValueError, TypeError, KeyError, IndexError):
        return None  # a banner, or a program on the host that prints JSON of its own


def _read(
    record: Mapping[str, Any], changes: Sequence[Change]
) -> ChangeResult | LeaseHeld | PayloadEnd | None:
    if record.get("lease") == "held":
        owner = record.get("owner") or base64.b64decode(record.get("owner64", "")).decode()
        return LeaseHeld(owner, int(record["expires"]))
    if record.get("end") == "payload":
        return PayloadEnd()
    if "i" not in record:
        return None
    message = base64.b64decode(record.get("m", "")).decode(errors="replace").strip()
    seconds = float(record.get("to", 0)) - float(record.get("from", 0))
    return ChangeResult(changes[record["i"]].id, Outcome(record["s"]), message, max(0.0, seconds))
