"""What every command that touches hosts does first: session, connections, look, preflight."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kprov.cli.common import load_hosts
from kprov.cli.listeners import progress_of
from kprov.core.preflight import Finding, foreign_authorities, preflight
from kprov.core.quorum import quorum_risks, without_quorum
from kprov.core.virtual_address import address_risks
from kprov.engine.connections import Connections
from kprov.engine.limit import limited
from kprov.model.errors import InterruptedByUser, KprovError, Problem, TransportError
from kprov.model.host import Host, Inventory
from kprov.model.plan import Plan
from kprov.state.directory import StateDir, open_state
from kprov.ui.progress import ProgressLines
from kprov.ui.style import note

if TYPE_CHECKING:
    from kprov.engine.gather import Look
    from kprov.engine.session import Session


class HostsError(KprovError):
    """Some hosts cannot be reached, or cannot become what the inventory says."""

    def __init__(self, problems: list[Problem], *, exit_code: int = 1) -> None:
        self.exit_code = exit_code
        self._problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them."""
        return self._problems


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with its connections; nothing has been looked at yet."""

    session: Session
    connections: Connections
    progress: ProgressLines

    def look(self, *, security: bool = False) -> Look:
        """One channel per host; `security`: for the security benchmark as well."""
        return self.session.look(self.connections, self.progress, security=security)

    def seen(self, *, skip: bool = False) -> Session:
        """Look, and refuse to go on when a host is out of reach; with `skip`, only when too many.

        Left out are hosts that cannot be reached; what goes wrong on one that can is an error.
        """
        look = self.look()
        session = self.session.seen(look)
        problems = [p for error in look.errors.values() for p in error.problems]
        lost = all(isinstance(error, TransportError) for error in look.errors.values())
        if problems and skip and lost:
            problems = _too_many_lost(session, problems)
        elif problems and lost and look.facts:
            what = f"{len(look.facts)} of {len(session.hosts)} hosts were reached"
            hint = "nothing was touched; --skip-unreachable goes on with those"
            problems.append(Problem(what, hint=hint))
        if problems:
            raise HostsError(problems)
        if session.left_out:
            note(f"left out, as they cannot be reached: {', '.join(session.left_out)}")
        return session


def _too_many_lost(session: Session, problems: list[Problem]) -> list[Problem]:
    """Why even --skip-unreachable cannot go on; none when it can."""
    facts, inventory = session.world.facts, session.inventory
    if not facts:
        return problems
    if not any(plane.name in facts for plane in inventory.control_planes if plane in session.hosts):
        if any(plane in session.hosts for plane in inventory.control_planes):
            what = "no control plane can be reached"
            return [*problems, Problem(what, hint="bring one of them back first")]
        return []
    lacking = without_quorum([host.name for host in inventory.etcd], facts)
    if lacking:
        hint = "bring members back first: nothing can be changed without a quorum"
        return [*problems, Problem(f"etcd has no quorum: {lacking}", hint=hint)]
    return []


@contextmanager
def opened(args: argparse.Namespace, inventory: Inventory | None = None) -> Iterator[Opened]:
    """Load, open, and close what the command line asks for."""
    inventory = inventory or load_hosts(args)
    state = open_state(args.inventory, inventory.cluster.name, args.state)
    progress = progress_of(args)
    with connections_to(inventory, state, args) as connections:
        try:
            connections.open_early()
            # Imported only now: while hosts answer, Python reads the engine.
            from kprov.engine.session import open_session

            session = open_session(inventory, state, limit=args.limit, bundle=args.bundle)
            yield Opened(session, connections, progress)
        except KeyboardInterrupt:
            connections.abort()
            raise _interrupted(progress) from None


def _interrupted(progress: ProgressLines) -> InterruptedByUser:
    hint = "nothing was touched"
    if progress.changing:
        hint = "changes were under way: run the same command again, it goes on where it stopped"
    return InterruptedByUser("interrupted", hint=hint)


def connections_to(inventory: Inventory, state: StateDir, args: argparse.Namespace) -> Connections:
    """Connections to the hosts that --limit leaves; keys are pinned in the state folder."""
    from kprov.transport.ssh import SshConnector

    log = note if args.verbose else _silent
    ssh = SshConnector(state.known_hosts, log=log)
    local = inventory.cluster.local is not None
    hosts = {host.name: host for host in limited(inventory, args.limit)}
    return Connections(hosts, lambda host: ssh.connect(_local(host) if local else host), ssh.abort)


def _silent(line: str) -> None:
    """Without -v nothing is said of how a host was reached."""


def _local(host: Host) -> Host:
    """Machines on this computer know root by the key that `kprov local up` made."""
    known = host.connection
    if known.private_key_file or known.password:
        return host
    from kprov.engine.cache import cache_root
    from kprov.machines.folders import Folders

    key = str(Folders(cache_root()).private_key)
    return replace(host, connection=replace(known, private_key_file=key, user=known.user or "root"))


def findings_of(session: Session) -> tuple[Finding, ...]:
    """Preflight of a session that has seen its hosts."""
    certificates = session.lasting_certificates()
    inventory, facts = session.inventory, session.world.facts
    found = preflight(inventory, facts, certificates, datetime.now(UTC))
    return (*address_risks(inventory, facts), *found)


def fit_plan(session: Session, findings: Iterable[Finding]) -> Plan:
    """The plan of hosts that can be what it wants; HostsError when findings say that they cannot.

    Preflight comes first: on a host that is no Linux, say, nobody can tell what to install.
    """
    _refuse_errors(findings)
    plan = session.plan()
    _refuse_errors(findings_of_plan(session, plan))
    return plan


def findings_of_plan(session: Session, plan: Plan) -> tuple[Finding, ...]:
    """What speaks against a plan itself."""
    members = [host.name for host in session.inventory.etcd]
    risks = quorum_risks(plan, members, session.world.facts)
    return (*foreign_authorities(plan), *risks)


def _refuse_errors(findings: Iterable[Finding]) -> None:
    errors = [finding for finding in findings if finding.level == "error"]
    if errors:
        raise HostsError([Problem(f.what, f.host, f.hint) for f in errors])
