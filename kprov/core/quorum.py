"""No plan breaks the quorum of etcd: its steps are played through before the first one starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kprov.core import etcd
from kprov.core.preflight.place import Finding
from kprov.model.change import Action, Change
from kprov.model.facts import Facts
from kprov.model.plan import Plan, Step

UNIT = f"unit:{etcd.UNIT}"


def quorum_risks(
    plan: Plan, hosts: Sequence[str], facts: Mapping[str, Facts]
) -> tuple[Finding, ...]:
    """An error for every step that would take away the quorum, or needs one that is not there.

    `hosts`: where etcd shall run. A step ends only when its member is healthy again, and steps on
    running members follow each other (`member_by_member`), so one after the other is the truth.
    """
    if not etcd.exists(facts.values()):
        return ()
    return tuple(_play(plan, _found(hosts, facts), facts))


def without_quorum(hosts: Sequence[str], facts: Mapping[str, Facts]) -> str:
    """Why no work should be done while hosts are away; empty while etcd has a quorum, or is new."""
    if not etcd.exists(facts.values()):
        return ""
    voters = _found(hosts, facts)
    needed = etcd.quorum(len(voters))
    return "" if sum(voters.values()) >= needed else f"{_words(voters)}, {needed} are needed"


def _found(hosts: Sequence[str], facts: Mapping[str, Facts]) -> dict[str, bool]:
    """Voting members and their health; where no member tells all hosts, and none is healthy."""
    listed = [its for its in etcd.members(facts.values()) if not its.learner]
    if listed:
        return {its.name or f"member {its.id}": its.healthy for its in listed}
    return dict.fromkeys(hosts, False)


def _play(plan: Plan, voters: dict[str, bool], facts: Mapping[str, Facts]) -> Iterator[Finding]:
    there = any(voters.values())
    for step in plan.steps:
        change = next((its for its in step.changes if its.id == UNIT), None)
        if change is None:
            continue
        if etcd.joins(facts[step.host], facts.values()):
            yield from _join(step, voters)
        elif there and voters.get(step.host) and _takes_away(change):
            yield from _restart(step, voters)
        voters[step.host] = True


def _takes_away(change: Change) -> bool:
    """Whether the member is away for a moment: not when only systemd's own state is mended."""
    if change.action is Action.UPDATE:
        return not set(change.keys) <= {"enabled", "loaded"}
    return True


def _join(step: Step, voters: dict[str, bool]) -> Iterator[Finding]:
    healthy = [name for name, its in voters.items() if its]
    if len(healthy) < etcd.quorum(len(voters)):
        yield Finding(
            step.host, "error",
            f"it cannot join etcd: {_words(voters)}, a quorum of {etcd.quorum(len(voters))} has to "
            "take it in",
            "bring the other members back first; when they are lost for good, restore a snapshot",
        )  # fmt: skip
    voters.pop(step.host, None)


def _restart(step: Step, voters: Mapping[str, bool]) -> Iterator[Finding]:
    left = sum(its for name, its in voters.items() if name != step.host)
    if len(voters) > 1 and left < etcd.quorum(len(voters)):
        lost = [name for name, its in voters.items() if not its]
        yield Finding(
            step.host, "error",
            f"its etcd has to restart, which would take away the quorum: {_words(voters)}, without "
            f"{step.host} {left}, needed are {etcd.quorum(len(voters))}",
            f"bring {', '.join(lost) or 'the others'} back first: a machine that is lost may be "
            "replaced by an empty one of the same name, which joins by itself",
        )  # fmt: skip


def _words(voters: Mapping[str, bool]) -> str:
    names = sorted(name for name, its in voters.items() if its)
    return f"{len(names)} of {len(voters)} members are healthy ({', '.join(names) or 'none'})"
