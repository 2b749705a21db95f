"""Who has to reach whom, what a test of it is for each host, and what its answers mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kprov.core.preflight.place import Finding
from kprov.core.preflight.ports import listening
from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory
from kprov.model.reach import Answer, Link, Reached, ReachTask

OVERLAP_SECONDS = 1.0
"""A listener and a refused attempt at the same time for so long: it was not only too late."""
SLOW_SYNC_SECONDS = 0.010
"""https://etcd.io/docs/v3.5/op-guide/hardware/: the 99th percentile should be below 10 ms."""
LISTENER = "systemd-socket-activate"


@dataclass(frozen=True, slots=True)
class _Rule:
    sources: Callable[[Inventory], Sequence[Host]]
    targets: Callable[[Inventory], Sequence[Host]]
    port: Callable[[Inventory], int]
    what: str


def _no_balancer_outside(inventory: Inventory) -> Sequence[Host]:
    return () if inventory.load_balancer == "external" else inventory.nodes


RULES = (
    _Rule(lambda its: its.etcd, lambda its: its.etcd, lambda its: 2380, "etcd's peers"),
    _Rule(lambda its: its.control_planes, lambda its: its.etcd, lambda its: 2379, "etcd"),
    _Rule(
        _no_balancer_outside, lambda its: its.control_planes,
        lambda its: its.cluster.kube_apiserver.port, "the API",
    ),
    _Rule(lambda its: its.control_planes, lambda its: its.nodes, lambda its: 10250, "kubelets"),
)  # fmt: skip
"""Who talks to whom, over TCP. Pods' own traffic is not among it: nothing can listen for it yet."""


def links(inventory: Inventory, facts: Mapping[str, Facts], *, fresh: bool) -> tuple[Link, ...]:
    """Every pair that has to talk, of hosts that were looked at; `fresh`: new hosts' pairs only."""
    return tuple(
        Link(source.name, target.name, rule.port(inventory), rule.what)
        for rule in RULES
        for source in rule.sources(inventory)
        for target in rule.targets(inventory)
        if source.name != target.name
        and source.name in facts and target.name in facts
        and not (fresh and facts[source.name].flag("owned") and facts[target.name].flag("owned"))
    )  # fmt: skip


def tasks(
    wanted: Sequence[Link],
    addresses: Mapping[str, str],
    facts: Mapping[str, Facts],
    syncs: Iterable[str],
    pulls: Mapping[str, str],
) -> dict[str, ReachTask]:
    """Host to what it does in the test; hosts with nothing to do are left out.

    `syncs`: hosts whose disk is tried; `pulls`: host to the URL it tries.
    """
    made: dict[str, ReachTask] = {}
    disks = set(syncs)
    for host, its in facts.items():
        taken = listening(its)
        coming = [link for link in wanted if link.target == host and link.port not in taken]
        ports = {link.port for link in coming} if its.flag(f"tool_{LISTENER}") else set()
        task = ReachTask(
            listen=tuple(sorted(ports)),
            expected=sum(link.port in ports for link in coming),
            connect={
                number: (addresses[link.target], link.port)
                for number, link in enumerate(wanted) if link.source == host
            },
            sync=host in disks,
            pull=pulls.get(host, ""),
        )  # fmt: skip
        if task != ReachTask():
            made[host] = task
    return made


def reach_findings(
    wanted: Sequence[Link], reached: Mapping[str, Reached], facts: Mapping[str, Facts]
) -> tuple[Finding, ...]:
    """What the answers mean; one finding for a port of a host, however many cannot reach it."""
    found: dict[tuple[str, str, int, str], list[str]] = defaultdict(list)
    for number, link in enumerate(wanted):
        verdict = _verdict(number, link, reached, facts)
        if verdict:
            found[verdict, link.target, link.port, link.what].append(link.source)
    return (
        *(_finding(*key, sources) for key, sources in found.items()),
        *_slow_disks(reached),
        *_unreachable_artefacts(reached),
    )


def _verdict(
    number: int, link: Link, reached: Mapping[str, Reached], facts: Mapping[str, Facts]
) -> str:
    """Nothing for a pair that can talk; otherwise one of the words of `_WORDS`."""
    source, target = reached.get(link.source), reached.get(link.target)
    answer = source.answers.get(number) if source else None
    if answer is None or answer.word not in ("open", "refused", "silent", "unreachable"):
        return "untested"
    if answer.word != "refused":
        return "" if answer.word == "open" else answer.word
    if link.port in listening(facts[link.target]):
        return "refused"
    there = target.listened(link.port) if target else None
    return "refused" if there and _overlap(answer, there) >= OVERLAP_SECONDS else "untested"


def _overlap(answer: Answer, there: tuple[float, float]) -> float:
    return min(answer.until, there[1]) - max(answer.since, there[0])


_WORDS = {
    "silent": "no answer, as when a firewall drops it",
    "unreachable": "no way there, or a firewall that says so",
    "refused": "refused although something listens there: a firewall, or on another address only",
    "untested": "nothing listens there yet",
}


def _finding(word: str, target: str, port: int, what: str, sources: Sequence[str]) -> Finding:
    names = ", ".join(sources[:5]) + (f" and {len(sources) - 5} more" if len(sources) > 5 else "")
    if word == "untested":
        text = f"not tested from {names}: port {port} ({what}), {_WORDS[word]}"
        hint = f"a test needs {LISTENER} there, and bash or curl on the others"
        return Finding(target, "warning", text, hint)
    text = f"port {port} ({what}) cannot be reached from {names}: {_WORDS[word]}"
    return Finding(target, "error", text, f"let {port}/tcp through, from them to {target}")


def _slow_disks(reached: Mapping[str, Reached]) -> Iterator[Finding]:
    for host, its in reached.items():
        seconds = sorted(its.sync_seconds)
        slow = seconds[len(seconds) * 99 // 100] if seconds else 0.0
        if its.sync_folder and not seconds:
            what = f"not tested: how fast {its.sync_folder} syncs"
            yield Finding(host, "warning", what, "dd of coreutils would tell")
        elif slow > SLOW_SYNC_SECONDS:
            yield Finding(
                host, "warning",
                f"the slowest 1 % of synced writes in {its.sync_folder} take {slow * 1000:.0f} ms "
                f"or more (of {len(seconds)}), etcd wants less than "
                f"{SLOW_SYNC_SECONDS * 1000:.0f} ms",
                "give /var/lib/etcd a disk of its own, an SSD",
            )  # fmt: skip


def _unreachable_artefacts(reached: Mapping[str, Reached]) -> Iterator[Finding]:
    for host, its in reached.items():
        if its.pull_error is not None:
            yield Finding(
                host, "error", f"cannot download {its.pull}: {its.pull_error}",
                "let it through, or have artefacts sent: cluster.artifacts.delivery: push",
            )  # fmt: skip
