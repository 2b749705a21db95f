"""The look: one channel per host, for base facts and the state of every resource."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kprov.engine.connections import Connections
from kprov.engine.fanout import fanout
from kprov.model.errors import KprovError
from kprov.model.events import Event, HostReached
from kprov.model.facts import Facts
from kprov.model.resource import Resource
from kprov.sh.archive import BOOT
from kprov.sh.probe import probe_bundle, read_facts


@dataclass(frozen=True, slots=True)
class Look:
    """What was found, and which hosts could not be looked at."""

    facts: Mapping[str, Facts]
    errors: Mapping[str, KprovError]


def gather(
    resources: Mapping[str, Sequence[Resource]],
    connections: Connections,
    emit: Callable[[Event], None],
    *,
    virtual_address: str = "",
    security: bool = False,
) -> Look:
    """Look at every host once, all at the same time.

    `virtual_address`: also for who has it; `security`: for the benchmark as well.
    """

    def look(host: str) -> Facts:
        start = time.monotonic()
        try:
            facts = _look(host, resources[host], connections, virtual_address, security=security)
        except KprovError as error:
            emit(HostReached(host, time.monotonic() - start, error.problem.what))
            raise
        emit(HostReached(host, time.monotonic() - start))
        return facts

    facts, errors = fanout(look, resources, abort=connections.abort)
    return Look(facts, errors)


def _look(
    host: str,
    resources: Sequence[Resource],
    connections: Connections,
    virtual_address: str,
    *,
    security: bool,
) -> Facts:
    payload = probe_bundle(resources, virtual_address=virtual_address, security=security)
    transport = connections.to(host)
    sent = time.time()
    lines = list(transport.stream([payload], boot=BOOT))
    facts = read_facts(host, lines, resources)
    offset = facts.number("time") - (sent + time.time()) / 2
    return replace(facts, clock_offset=offset)
