"""A session: an inventory with everything that looking, planning and applying need."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from kprov.core.preflight import Certificate, Finding
from kprov.core.virtual_address import virtual_address
from kprov.engine.apply import Apply, held, run
from kprov.engine.cache import cache_root
from kprov.engine.certificate_ends import authority_ends, kubelet_ends
from kprov.engine.connections import Connections
from kprov.engine.desired import Product, desired, flat, make_plan
from kprov.engine.gather import Look, gather
from kprov.engine.host_material import HostMaterial
from kprov.engine.limit import limited
from kprov.engine.material import Material
from kprov.engine.phases import api_host, phases_for
from kprov.engine.reach import new_hosts, reach
from kprov.engine.reachable import first_answering
from kprov.engine.registries import registries
from kprov.engine.values import ARCHITECTURES, World
from kprov.lang.role import Role, read_role
from kprov.lang.template import Renderers
from kprov.model.errors import InputError, Problem, ProblemsError
from kprov.model.events import Event
from kprov.model.host import Host, Inventory
from kprov.model.plan import Plan
from kprov.model.result import RunResult
from kprov.model.share import share
from kprov.sh.payload import LeaseTerms
from kprov.state.directory import StateDir
from kprov.state.pod_cidrs import allocate

Emit = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Session:
    """One inventory at work. `hosts` are those that `--limit` leaves."""

    inventory: Inventory
    state: StateDir
    material: Material
    product: Product
    world: World
    hosts: tuple[Host, ...]
    run_id: str
    left_out: tuple[str, ...] = ()
    """Hosts that could not be looked at."""

    def look(self, connections: Connections, emit: Emit, *, security: bool = False) -> Look:
        """Look at every host once, for everything its roles may want; `security`: and for what
        the security benchmark asks."""
        resources = {
            host.name: flat(desired(self.product, self.world, host)) for host in self.hosts
        }
        address = virtual_address(self.inventory)
        return gather(resources, connections, emit, virtual_address=address, security=security)

    def seen(self, look: Look) -> Session:
        """The session with what was found."""
        world = replace(self.world, facts=look.facts)
        return replace(self, world=world, left_out=tuple(look.errors))

    def plan(self) -> Plan:
        """What would be done; for a session that has `seen`."""
        hosts = [host for host in self.hosts if host.name in self.world.facts]
        return make_plan(self.product, self.world, hosts)

    def lasting_certificates(self) -> tuple[Certificate, ...]:
        """Those that no apply renews; for a session that has `seen`."""
        authorities = self.material.pki.ensure_authorities().values()
        return (*authority_ends(authorities), *kubelet_ends(self.world.facts))

    def reach(self, connections: Connections, *, fresh: bool) -> tuple[Finding, ...]:
        """What hosts cannot reach; `fresh`: new hosts alone, without any nobody is asked."""
        new = new_hosts(self.world)
        if fresh and not new:
            return ()
        pulls: dict[str, str] = {}
        for name in new if fresh else self.world.facts:
            if self.world.facts[name].get("arch") in ARCHITECTURES:
                sources = HostMaterial(self.material, self.inventory.host(name), self.world)
                binary = sources.binary("kubelet", "kubelet")
                pulls |= {name: binary.origin} if binary.how == "pull" else {}
        return reach(self.world, connections, pulls, fresh=fresh)

    @property
    def applied(self) -> bool:
        """Whether this state folder has authorities: an apply was begun with it."""
        return bool(self.state.pki.names())

    def kubeconfig(self) -> str:
        """The administrator's kubeconfig."""
        return self.material.kubeconfig(self.server, leaf=self.material.admin())

    def user_kubeconfig(self, user: str, groups: tuple[str, ...], ttl: timedelta) -> str:
        """A kubeconfig for somebody else, for a while."""
        leaf = self.material.pki.user_certificate(user, groups, ttl)
        return self.material.kubeconfig(self.server, user=user, leaf=leaf)

    @property
    def server(self) -> str:
        """The API as people reach it: the endpoint, or a control plane that is there."""
        endpoint = self.inventory.cluster.endpoint
        if endpoint:
            return f"https://{endpoint}"
        seen = api_host(self.inventory, self.world.facts)
        addresses = [its.connection.address for its in seen or self.inventory.control_planes]
        port = self.inventory.cluster.kube_apiserver.port
        authority = self.material.pki.authority("kubernetes").cert_pem
        host = first_answering(addresses, port, authority)
        bracketed = f"[{host}]" if ":" in host else host
        return f"https://{bracketed}:{port}"

    def lease(self, *, steal: bool) -> LeaseTerms:
        """The lease this run takes. The owner names state folder, user and computer."""
        owner = f"{getpass.getuser()}@{socket.gethostname()} {self.state.name}"
        return LeaseTerms(self.run_id, owner, steal)

    def check_lease(self, *, steal: bool) -> None:
        """LeaseHeldError when a look found a host leased to somebody else."""
        mine = self.lease(steal=steal).owner
        for name, facts in self.world.facts.items():
            lease = facts.lease
            if lease and not steal and lease.owner != mine and lease.expires > facts.number("time"):
                raise held(name, lease.owner, lease.expires)

    def apply(self, plan: Plan, connections: Connections, emit: Emit, *, steal: bool) -> RunResult:
        """Save what the state folder must not lose, then run the plan."""
        self.material.save()
        self.state.save_pod_cidrs(dict(self.world.pod_cidrs))
        self.state.publish()
        work = Apply(
            plan=plan,
            facts=self.world.facts,
            connections=connections,
            lease=self.lease(steal=steal),
            pack=self.material.pack,
            emit=emit,
        )
        return run(work)


def open_session(
    inventory: Inventory,
    state: StateDir,
    *,
    limit: str | None = None,
    bundle: Path | None = None,
) -> Session:
    """A session that has not looked yet. Raises InputError, PkiError, ArtifactError."""
    spec = inventory.cluster
    phases = phases_for(spec)
    search = (Path(inventory.directory) / "roles", share("roles"))
    roles = _read_roles([name for phase in phases for name in phase.roles], search)
    renderers = Renderers(share("templates"), cache_root() / "templates")
    material = Material.open(inventory, state, now=datetime.now(UTC), bundle=bundle)
    nodes = [host.name for host in inventory.nodes]
    network, known = spec.network, state.load_pod_cidrs()
    pod_cidrs = allocate(network.pods, network.node_mask, nodes, known, network.node_mask_v6)
    return Session(
        inventory=inventory,
        state=state,
        material=material,
        product=Product(phases, roles, partial(HostMaterial, material), renderers),
        world=World(inventory, material.versions, pod_cidrs, {}, registries(inventory)),
        hosts=limited(inventory, limit),
        run_id=uuid.uuid4().hex[:12],
    )


def _read_roles(names: list[str], search: tuple[Path, ...]) -> dict[str, Role]:
    """All roles; everything that is wrong in any of them at once."""
    roles: dict[str, Role] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            roles[name] = read_role(name, search)
        except InputError as error:
            problems += error.problems
    if problems:
        raise ProblemsError(problems)
    return roles
