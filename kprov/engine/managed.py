"""Managed clusters of one inventory at work: look at all, plan all, apply all side by side."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from kprov.engine.ingress import service_address
from kprov.engine.limit import chosen
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError, KprovError, Problem, ProblemsError
from kprov.model.events import Event, Progress
from kprov.model.host import Inventory
from kprov.model.plan import Plan, Step
from kprov.providers.base import Look, Provider
from kprov.providers.table import FAILOVER, failover_of, provider_of
from kprov.state.directory import StateDir

T = TypeVar("T")
Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Managed:
    """The clusters of an inventory with their providers."""

    inventory: Inventory
    state: StateDir
    providers: Mapping[str, Provider]
    """Cluster name to provider, in written order."""
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    @property
    def clusters(self) -> dict[str, Provider]:
        """Those that are clusters."""
        return {name: its for name, its in self.providers.items() if name != FAILOVER}

    def observe(self) -> dict[str, Look]:
        """Look at all of them at once. Raises what went wrong with any, all of it."""
        return _at_once({name: its.observe for name, its in self.providers.items()})

    def settle(self, emit: Emit) -> None:
        """Wait until nothing is in progress anywhere."""
        work = {
            name: partial(its.settle, _tell(name, emit)) for name, its in self.providers.items()
        }
        try:
            _at_once(work)
        except KeyboardInterrupt:
            self.stop()
            raise

    def leases(self, *, steal: bool) -> AbstractContextManager[object]:
        """Hold the lease of every cluster for the block. Raises LeaseHeldError."""
        owner = f"{getpass.getuser()}@{socket.gethostname()} {self.state.root}"
        with ExitStack() as held:
            for provider in self.providers.values():
                held.enter_context(provider.lease(owner, steal=steal))
            return held.pop_all()

    def stop(self) -> None:
        """Nobody waits any more."""
        for provider in self.providers.values():
            provider.stop()


def open_managed(inventory: Inventory, state: StateDir, limit: str | None = None) -> Managed:
    """The clusters that `--limit` leaves; nothing has been asked yet."""
    specs = inventory.clusters or (inventory.cluster,)
    names = chosen([spec.name for spec in specs], limit)
    directory = Path(inventory.directory)
    clusters = {
        spec.name: provider_of(spec, directory, _folder(state, spec, inventory))
        for spec in specs
        if spec.name in names
    }
    if inventory.failover is None or limit is not None:
        return Managed(inventory, state, clusters)
    address = partial(_address, clusters)
    failover = failover_of(inventory.failover, specs, directory, address)
    return Managed(inventory, state, {**clusters, FAILOVER: failover})


def _address(clusters: Mapping[str, Provider], cluster: str, service: str) -> str | None:
    """Where a cluster answers; None while nobody can tell."""
    try:
        return service_address(clusters[cluster].kubeconfig(admin=None), service)
    except KprovError:
        return None


def plans(looks: Mapping[str, Look], make: Callable[[Look], Plan]) -> Plan:
    """One plan of all clusters; every problem of any of them at once."""
    steps: list[Step] = []
    problems: list[Problem] = []
    for name, look in looks.items():
        try:
            before = frozenset(step.number for step in steps) if name == FAILOVER else frozenset()
            steps += _moved(make(look), len(steps), before)
        except InputError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return Plan(tuple(steps))


def _moved(plan: Plan, by: int, before: frozenset[int]) -> Iterable[Step]:
    for step in plan.steps:
        needs = before | {need + by for need in step.needs}
        yield replace(step, number=step.number + by, needs=needs)


def _folder(state: StateDir, spec: ClusterSpec, inventory: Inventory) -> Path:
    return state.root / spec.name if inventory.clusters else state.root


def _tell(cluster: str, emit: Emit) -> Callable[[str], None]:
    return lambda text: emit(Progress(f"{cluster}: {text}"))


def _at_once(work: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """Do all at the same time; several errors become one."""
    with ThreadPoolExecutor(max(1, len(work))) as pool:
        futures = {name: pool.submit(do) for name, do in work.items()}
        wait(futures.values())
    errors = [error for future in futures.values() if (error := future.exception())]
    known = [error for error in errors if isinstance(error, KprovError)]
    if len(known) > 1 and len(known) == len(errors):
        raise _all_of(known)
    if errors:
        raise errors[0]
    return {name: future.result() for name, future in futures.items()}


class SeveralError(KprovError):
    """Several clusters have each their error."""

    def __init__(self, problems: Iterable[Problem], exit_code: int) -> None:
        self.exit_code = exit_code
        self._problems = tuple(problems)
        super().__init__("\n".join(map(str, self._problems)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them."""
        return self._problems


def _all_of(errors: Iterable[KprovError]) -> KprovError:
    problems = [problem for error in errors for problem in error.problems]
    codes = {error.exit_code for error in errors}
    return SeveralError(problems, codes.pop() if len(codes) == 1 else 1)
