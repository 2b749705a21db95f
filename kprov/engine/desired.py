"""Desired state: every host's resources by phase, from roles, spec, PKI and facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kprov.core.etcd import check_known
from kprov.core.kube_objects import in_common
from kprov.core.order import changes_of, with_inputs
from kprov.core.phase import Phase
from kprov.core.plan import build
from kprov.engine.phases import hosts_of
from kprov.engine.values import World, host_values
from kprov.lang.expand import expand
from kprov.lang.manifests import ADDONS, ROLES
from kprov.lang.role import Role
from kprov.lang.scope import Scope
from kprov.lang.sources import Sources
from kprov.lang.template import Renderers
from kprov.model.change import Change
from kprov.model.errors import InputError, Problem, ProblemsError
from kprov.model.host import Host
from kprov.model.plan import Plan
from kprov.model.resource import Resource

SPARE_PHASE = "control"
"""Where manifests' files come to control planes that do not apply them, but may have to one day."""

PhaseResources = dict[str, tuple[Resource, ...]]
"""Phase name to the resources of one host."""


@dataclass(frozen=True, slots=True)
class Product:
    """What is brought up: phases, their roles, and where roles get their material from."""

    phases: tuple[Phase, ...]
    roles: Mapping[str, Role]
    sources: Callable[[Host, World], Sources]
    renderers: Renderers


def desired(product: Product, world: World, host: Host) -> PhaseResources:
    """One host's resources by phase; before the look a superset with whatever is known."""
    pending = host.name not in world.facts
    scope = Scope(
        values=host_values(world, host),
        host_vars=host.vars,
        sources=product.sources(host, world),
        pending=pending,
        renderers=product.renderers,
    )
    resources: PhaseResources = {}
    spare: list[Resource] = []
    for phase in product.phases:
        here = host in hosts_of(phase, world.inventory, world.facts)
        if not here and not (phase.hosts == "api" and host.is_control_plane):
            continue
        made = tuple(r for name in phase.roles for r in expand(product.roles[name], scope))
        if here:
            resources[phase.name] = made
        else:
            spare += [its for its in made if its.params.get("manifest")]
    if spare:
        resources[SPARE_PHASE] = (*resources.get(SPARE_PHASE, ()), *spare)
    _refuse_in_common(flat(resources), pending=pending)
    return _once(resources, pending=pending)


def _refuse_in_common(resources: Iterable[Resource], *, pending: bool) -> None:
    """An object in two manifests: each apply of one would take it from the other.

    Add-ons and tenants, which no facts choose, are told before the look; roles after it.
    """
    manifests = {
        _called(its): its.params["objects"] or ()
        for its in resources
        if its.kind == "manifest" and not (pending and its.params["family"] == ROLES)
    }
    problems = [
        Problem(
            f"{first} and {second} both bring {', '.join(keys)}",
            "cluster.addons",
            "keep it in one of them: what one applies, the other would find changed; a namespace "
            "that add-ons share can be made by `namespace:` of each",
        )
        for (first, second), keys in in_common(manifests).items()
    ]
    if problems:
        raise ProblemsError(problems)


def _called(manifest: Resource) -> str:
    return f"the {'add-on' if manifest.params['family'] == ADDONS else 'manifest'} {manifest.name}"


def _once(resources: PhaseResources, *, pending: bool) -> PhaseResources:
    """What several roles want alike is declared once; what they want differently is an error.

    Not before the look: then of two that exclude each other by their `when`, both are there.
    """
    seen: dict[str, Resource] = {}
    result: PhaseResources = {}
    for phase, its in resources.items():
        kept = []
        for resource in its:
            first = seen.setdefault(resource.id, resource)
            if first is resource:
                kept.append(resource)
            elif not pending and _wanted(first) != _wanted(resource):
                raise InputError(
                    f"{resource.id} is wanted differently by {first.role} ({first.location})",
                    where=resource.location, hint="keep one of the two, or make them alike",
                )  # fmt: skip
        result[phase] = tuple(kept)
    return result


def _wanted(resource: Resource) -> tuple[object, ...]:
    """What has to be alike: of a command or a wait, what is expected says nothing."""
    return resource.expected, dict(resource.params), resource.restart_on


def flat(resources: PhaseResources) -> tuple[Resource, ...]:
    """All resources of a host in the order of the phases."""
    return tuple(resource for its in resources.values() for resource in its)


def make_plan(product: Product, world: World, hosts: Iterable[Host]) -> Plan:
    """The plan for hosts that were looked at: a pure function of the world."""
    check_known([host.name for host in world.inventory.etcd], world.facts)
    work: dict[str, dict[str, tuple[Change, ...]]] = {phase.name: {} for phase in product.phases}
    for host in hosts:
        resources = desired(product, world, host)
        complete = {resource.id: resource for resource in with_inputs(flat(resources))}
        for phase, its in resources.items():
            wanted = [complete[resource.id] for resource in its]
            work[phase][host.name] = changes_of(wanted, world.facts[host.name])
    return build(product.phases, work, world.facts)
