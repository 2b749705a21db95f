"""The etcd cluster as it was found: who has its data, who joins, and in which order members change.

A quorum is more than half of the voting members: https://etcd.io/docs/v3.6/faq/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kprov.core.batch import runs
from kprov.core.phase import Batches
from kprov.model.errors import InputError
from kprov.model.facts import Facts

UNIT = "etcd.service"


@dataclass(frozen=True, slots=True)
class Member:
    """A member as etcd lists it; one that has never started has no name yet."""

    id: str
    name: str
    peers: tuple[str, ...]
    clients: tuple[str, ...]
    learner: bool
    healthy: bool


def formed(facts: Facts) -> bool:
    """Whether a host has data of a cluster that has come up; `initial` says it has not yet."""
    return facts.flag("etcd_has_data") and not facts.flag("etcd_initial")


def exists(facts: Iterable[Facts]) -> bool:
    """Whether there is a cluster that new members have to join, and must not form beside."""
    return any(formed(its) for its in facts)


def joins(host: Facts, everyone: Iterable[Facts]) -> bool:
    """Whether a host becomes a member of the cluster that others form, or is on its way there."""
    return exists(everyone) and (not has_data(host) or host.flag("etcd_learner"))


def has_data(facts: Facts) -> bool:
    """Whether a member has ever been started on a host."""
    return facts.flag("etcd_has_data")


def check_known(etcd: Sequence[str], facts: Mapping[str, Facts]) -> None:
    """InputError when a new member is planned and nobody knows whether a cluster exists."""
    new = [host for host in etcd if host in facts and not has_data(facts[host])]
    unseen = [host for host in etcd if host not in facts]
    if new and unseen and not exists(facts.values()):
        raise InputError(
            f"{', '.join(new)} would form a new etcd cluster, but {', '.join(unseen)} may be one "
            "already: not looked at",
            hint="all etcd hosts have to be reached before the first of them starts: no --limit, "
            "no --skip-unreachable",
        )


def member_by_member(hosts: Sequence[str], facts: Mapping[str, Facts]) -> Batches:
    """A new cluster at once. Of one that exists: what is stopped, who joins, then who runs.

    A member alone waits for a quorum that never forms, so those that do not run start together,
    and without a quorum those that run as well. etcd takes one learner at a time; and of a quorum
    that is there only one member may be away.
    """
    there = any(its.get("etcd_healthy") for its in facts.values())
    joining = [host for host in hosts if joins(facts[host], facts.values())]
    running = [h for h in hosts if h not in joining and there and runs(facts[h], UNIT)]
    stopped = [host for host in hosts if host not in joining and host not in running]
    batches = (stopped, *([host] for host in joining), *([host] for host in running))
    return [batch for batch in batches if batch]


def members(everyone: Iterable[Facts]) -> tuple[Member, ...]:
    """The members as the host that sees most of them healthy lists them; none where none answers.

    `etcd_members` are lines of `etcdctl member list`: ID, STATUS, NAME, PEERS, CLIENTS, LEARNER;
    `etcd_healthy` the client URLs that answer out of a quorum.
    """
    answers = [(its.get("etcd_members"), its.get("etcd_healthy").split()) for its in everyone]
    most = max(answers, key=lambda answer: (len(answer[1]), bool(answer[0])), default=("", []))
    listing, healthy = most
    return tuple(
        _member(words, healthy)
        for line in listing.splitlines()
        if len(words := [word.strip() for word in line.split(", ")]) == 6
    )


def _member(words: Sequence[str], healthy: Sequence[str]) -> Member:
    its_id, _, name, peers, clients, learner = words
    urls = tuple(clients.split(",")) if clients else ()
    answers = any(url in healthy for url in urls)
    return Member(its_id, name, tuple(peers.split(",")), urls, learner == "true", answers)


def quorum(voters: int) -> int:
    """How many of the voting members have to be there."""
    return voters // 2 + 1
