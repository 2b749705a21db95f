"""Reset: every host at once, one channel each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kprov.engine.apply import held
from kprov.engine.connections import Connections
from kprov.engine.fanout import fanout
from kprov.model.errors import InterruptedByUser, KprovError, PayloadError
from kprov.sh.archive import BOOT
from kprov.sh.payload import LEASE_SECONDS, LeaseTerms
from kprov.sh.reset import read_reset, reset_bundle


@dataclass(frozen=True, slots=True)
class ResetResult:
    """What is gone, by host and kind of thing; and what went wrong."""

    gone: Mapping[str, Counter[str]]
    errors: Mapping[str, KprovError]


def reset(
    hosts: Iterable[str], connections: Connections, lease: LeaseTerms, *, keep_binaries: bool
) -> ResetResult:
    """Take kprov off the hosts. Hosts that fail do not keep the others from it.

    Raises InterruptedByUser, naming the hosts that are done by then.
    """
    done: list[str] = []

    def one(host: str) -> Counter[str]:
        payload = reset_bundle(lease, keep_binaries=keep_binaries)
        lines = connections.to(host).stream([payload], boot=BOOT)
        complete, gone, owner = read_reset(lines)
        if owner:
            raise held(host, owner, int(time.time()) + LEASE_SECONDS)
        if not complete:
            raise PayloadError(
                "the reset ended before its time", where=host, hint="run it again: it goes on"
            )
        done.append(host)
        return gone

    try:
        return ResetResult(*fanout(one, hosts, abort=connections.abort))
    except KeyboardInterrupt:
        words = f"done: {', '.join(sorted(done))}" if done else "no host is done"
        raise InterruptedByUser(
            f"interrupted; {words}", hint="run it again: it goes on where it stopped"
        ) from None
