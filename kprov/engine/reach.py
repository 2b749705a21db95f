"""The second look: every host's part of the test at the same time, one channel each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from kprov.core.preflight.place import Finding
from kprov.core.preflight.reach import links, reach_findings, tasks
from kprov.engine.connections import Connections
from kprov.engine.fanout import fanout
from kprov.engine.values import World, address
from kprov.model.errors import InputError, KprovError
from kprov.model.reach import Reached, ReachTask
from kprov.sh.archive import BOOT
from kprov.sh.reach import reach_bundle, read_reached


def new_hosts(world: World) -> list[str]:
    """Hosts that were looked at and that kprov has not been on."""
    return [name for name, its in world.facts.items() if not its.flag("owned")]


def reach(
    world: World, connections: Connections, pulls: Mapping[str, str], *, fresh: bool
) -> tuple[Finding, ...]:
    """Let hosts try to reach each other, etcd's disks and artefacts, and say what does not work.

    `pulls`: host to a URL that it will download from. `fresh`: only what concerns new hosts.
    """
    facts = world.facts
    new = new_hosts(world) if fresh else list(facts)
    wanted = links(world.inventory, facts, fresh=fresh)
    try:
        targets = {link.target for link in wanted}
        addresses = {name: str(address(world.inventory.host(name), facts)) for name in targets}
    except InputError as error:
        its = error.problem
        return (Finding("inventory", "error", its.what, its.hint),)
    disks = [host.name for host in world.inventory.etcd if host.name in new]
    work = tasks(wanted, addresses, facts, disks, pulls)
    reached, errors = fanout(
        lambda host: _reach(host, work[host], connections), work, abort=connections.abort
    )
    return (*_failed(errors), *reach_findings(wanted, reached, facts))


def _reach(host: str, task: ReachTask, connections: Connections) -> Reached:
    began = time.monotonic()
    lines = connections.to(host).stream([reach_bundle(task)], boot=BOOT)
    return read_reached(host, _timed(lines), task, began)


def _timed(lines: Iterator[str]) -> Iterator[tuple[float, str]]:
    for line in lines:
        yield time.monotonic(), line


def _failed(errors: Mapping[str, KprovError]) -> Iterator[Finding]:
    for host, error in errors.items():
        yield Finding(host, "warning", f"not tested: {error.problem.what}", error.problem.hint)
