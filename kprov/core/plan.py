"""Phases and changes to a plan: a graph of payloads with as few round trips as the work allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from kprov.core.phase import Phase
from kprov.model.change import Action, Change
from kprov.model.facts import Facts
from kprov.model.plan import Plan, Step

ACTING = (
    "unit", "command", "manifest", "rollout", "leftovers", "node", "image", "pull", "wait",
)  # fmt: skip
"""Kinds that act on what runs; the others only put things in their places."""
UNIT_FOLDER = "/etc/systemd/system/"

PhaseChanges = Mapping[str, Mapping[str, tuple[Change, ...]]]
"""Phase name to host name to its changes."""


@dataclass(slots=True)
class _Draft:
    """A step while it grows."""

    number: int
    host: str
    needs: set[int]
    parts: list[tuple[str, tuple[Change, ...]]] = field(default_factory=list)


def build(phases: Sequence[Phase], changes: PhaseChanges, facts: Mapping[str, Facts]) -> Plan:
    """The plan: steps in an order in which they could be run one after the other."""
    drafts = _fuse(_drafts(phases, changes, facts))
    after = {phase.name: _all_before(phase, phases) for phase in phases}
    numbers = {draft.number: place for place, draft in enumerate(drafts)}
    return Plan(
        tuple(
            Step(
                numbers[draft.number],
                draft.host,
                tuple(name for name, _ in draft.parts),
                _in_one_payload(draft.parts, after),
                frozenset(numbers[need] for need in draft.needs),
            )
            for draft in drafts
        )
    )


def _drafts(
    phases: Sequence[Phase], changes: PhaseChanges, facts: Mapping[str, Facts]
) -> list[_Draft]:
    """One draft per phase and host. What a phase without work waits for is handed on."""
    drafts: list[_Draft] = []
    done: dict[str, set[int]] = {}
    last_on: dict[str, int] = {}
    for phase in phases:
        before: set[int] = set().union(*(done[name] for name in phase.after))
        work = changes.get(phase.name, {})
        hosts = [host for host, its in work.items() if _real(its)]
        for batch in phase.batch(hosts, facts) if hosts else []:
            numbers = set()
            for host in batch:
                needs = before | ({last_on[host]} if host in last_on else set())
                draft = _Draft(len(drafts), host, needs, [(phase.name, work[host])])
                drafts.append(draft)
                numbers.add(draft.number)
                last_on[host] = draft.number
            before = numbers
        done[phase.name] = before
    return drafts


def _real(changes: Sequence[Change]) -> bool:
    """Whether there is work besides guards that only earlier work could alter."""
    return any(change.action is not Action.MAYBE for change in changes)


def _fuse(drafts: list[_Draft]) -> list[_Draft]:
    """Join a step to the one before it on its host when it waits for no other host.

    Not when other hosts wait for that earlier step: they would wait for more than they need.
    """
    by_number = {draft.number: draft for draft in drafts}
    joined: dict[int, int] = {}
    last_on: dict[str, _Draft] = {}
    for draft in drafts:
        draft.needs = {joined.get(need, need) for need in draft.needs}
        before = last_on.get(draft.host)
        own = before is not None and draft.needs <= {before.number} | before.needs
        if before is not None and own and not _awaited(before, drafts, joined, by_number):
            before.parts += draft.parts
            joined[draft.number] = before.number
        else:
            last_on[draft.host] = draft
    return [draft for draft in drafts if draft.number not in joined]


def _awaited(
    draft: _Draft, drafts: list[_Draft], joined: Mapping[int, int], by_number: Mapping[int, _Draft]
) -> bool:
    return any(
        other.host != draft.host
        and any(joined.get(need, need) == draft.number for need in other.needs)
        for other in drafts
    )


def _in_one_payload(
    parts: Sequence[tuple[str, tuple[Change, ...]]], after: Mapping[str, frozenset[str]]
) -> tuple[Change, ...]:
    """All changes of a payload; waits are put off until something acts on what they wait for.

    So a host gets on with its files and with other roles while a service becomes ready.
    """
    done: list[Change] = []
    waiting: list[tuple[str, Change]] = []
    for phase, changes in parts:
        put_off: list[tuple[str, Change]] = []
        for _, group in groupby(changes, key=lambda change: change.resource.role):
            body, waits = _trailing_waits(list(group))
            for change in body:
                if change.resource.kind in ACTING:
                    done += [wait for name, wait in waiting if name in after[phase]]
                    waiting = [(name, wait) for name, wait in waiting if name not in after[phase]]
                done.append(change)
            put_off += [(phase, wait) for wait in waits]
        waiting += put_off
    return _unit_files_first([*done, *(wait for _, wait in waiting)])


def _trailing_waits(changes: list[Change]) -> tuple[list[Change], list[Change]]:
    end = len(changes)
    while end and changes[end - 1].resource.kind == "wait":
        end -= 1
    return changes[:end], changes[end:]


def _unit_files_first(changes: list[Change]) -> tuple[Change, ...]:
    """New unit files before the first unit, so that systemd reads them all at once.

    Only new ones: a changed one stays where the role wrote it, beside what changes with it.
    """
    first = next((i for i, its in enumerate(changes) if its.resource.kind == "unit"), len(changes))
    early = [change for change in changes[first:] if _is_new_unit_file(change)]
    late = [change for change in changes[first:] if not _is_new_unit_file(change)]
    return (*changes[:first], *early, *late)


def _is_new_unit_file(change: Change) -> bool:
    name = change.resource.name
    return (
        change.action is Action.CREATE
        and change.resource.kind == "file"
        and (name.startswith(UNIT_FOLDER))
    )


def _all_before(phase: Phase, phases: Sequence[Phase]) -> frozenset[str]:
    by_name = {its.name: its for its in phases}
    found: set[str] = set()
    open_names = list(phase.after)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names += by_name[name].after
    return frozenset(found)
