"""Members of etcd: who forms, who joins, who changes when; and no plan that breaks a quorum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.core.etcd import check_known, joins, member_by_member, members, quorum
from kprov.core.plan import build
from kprov.core.quorum import quorum_risks
from kprov.model.change import Action, Change
from kprov.model.errors import InputError
from kprov.model.facts import Facts
from kprov.model.plan import Plan
from kprov.model.resource import Resource
from tests.unit.core.builders import phase

HEALTH = ("healthy", "down", "empty", "unseen")


def host(*flags: str, running: bool = False, **base: str) -> Facts:
    """An etcd host: `data`, `initial`, `learner`; running or not."""
    names = {"data": "etcd_has_data", "initial": "etcd_initial", "learner": "etcd_learner"}
    known = {names[flag]: "yes" for flag in flags}
    return Facts({**known, **base}, {"unit:etcd.service": {"running": running}})


NEW = host()
MEMBER = host("data", running=True)
STOPPED = host("data")


def cluster(states: dict[str, str]) -> dict[str, Facts]:
    """Facts of a cluster: `healthy`, `down` (reached, not running), `empty` (a new disk), `unseen`.

    Those that are healthy tell of all members, as etcd does.
    """
    lines = "\n".join(
        f"id{name}, started, {name}, https://{name}:2380, https://{name}:2379, false"
        for name in states
    )
    healthy = [name for name, state in states.items() if state == "healthy"]
    told = {}
    if len(healthy) >= quorum(len(states)):
        told = {
            "etcd_members": lines,
            "etcd_healthy": " ".join(f"https://{name}:2379" for name in healthy),
        }
    return {
        name: host("data", running=True, **told) if state == "healthy"
        else host("data") if state == "down" else host()
        for name, state in states.items() if state != "unseen"
    }  # fmt: skip


def changed(seen: dict[str, Facts], wanted: list[str]) -> Plan:
    """A plan that restarts or starts etcd on the wanted hosts."""
    unit = Resource("unit", "etcd.service", {"running": True}, role="etcd")
    work = {
        name: (
            Change(unit, Action.RESTART, {}, ("inputs",), ("file:/etc/x",))
            if seen[name].observed["unit:etcd.service"]["running"]  # type: ignore[index]
            else Change(unit, Action.CREATE),
        )
        for name in wanted
    }
    return build([phase("etcd", batch=member_by_member)], {"etcd": work}, seen)


def test_a_new_cluster_forms_at_once() -> None:
    """One alone would wait for a quorum for ever."""
    seen = dict.fromkeys("abc", NEW)
    assert member_by_member(["a", "b", "c"], seen) == [["a", "b", "c"]]
    assert not joins(NEW, seen.values())


def test_a_start_that_was_cut_off_goes_on_as_it_began() -> None:
    """Data alone is no cluster while its first start is not over: the others still form it."""
    seen = {"a": host("data", "initial"), "b": NEW, "c": NEW}
    assert not joins(seen["b"], seen.values())
    assert member_by_member(["a", "b", "c"], seen) == [["a", "b", "c"]]


def test_beside_a_cluster_nobody_forms_another() -> None:
    """Those without data join, one at a time; then those that run are changed."""
    healthy = host("data", running=True, etcd_healthy="https://a:2379")
    seen = {"a": healthy, "b": NEW, "c": NEW, "d": STOPPED, "e": STOPPED}
    assert joins(NEW, seen.values())
    assert member_by_member(list(seen), seen) == [["d", "e"], ["b"], ["c"], ["a"]]


def test_without_a_quorum_all_members_change_at_once() -> None:
    """One after the other would each wait for it in vain."""
    assert member_by_member(["a", "b"], {"a": MEMBER, "b": STOPPED}) == [["a", "b"]]


def test_data_on_a_host_that_is_no_etcd_host_any_more_counts() -> None:
    """etcd moves to machines of its own: they join what is there."""
    assert joins(NEW, {"cp1": MEMBER, "e1": NEW}.values())


def test_who_did_not_come_to_be_a_voter_is_still_on_its_way() -> None:
    """The learner has data, and is promoted by the next apply."""
    assert joins(host("data", "learner", running=True), [MEMBER])


def test_no_new_member_while_a_cluster_may_be_out_of_sight() -> None:
    """With --limit, or a host that cannot be reached, nobody knows whether to form or to join."""
    with pytest.raises(InputError, match="a would form a new etcd cluster, but b, c may be one"):
        check_known(["a", "b", "c"], {"a": NEW})
    check_known(["a", "b", "c"], {"a": NEW, "b": MEMBER})
    check_known(["a", "b", "c"], {"a": MEMBER})


def test_members_are_read_as_etcd_lists_them() -> None:
    """Of all answers the one that sees most members healthy; the unstarted have no name."""
    text = (
        "8e9e05c52164694d, started, a, https://10.0.0.1:2380, https://10.0.0.1:2379, false\n"
        "91bc3c398fb3c146, unstarted, , https://10.0.0.2:2380, , true"
    )
    stale = host("data", etcd_members="x, started, a, p, c, false")
    first, second = members(
        [stale, host("data", etcd_members=text, etcd_healthy="https://10.0.0.1:2379")]
    )
    assert (first.name, first.healthy, first.learner) == ("a", True, False)
    assert (second.id, second.name, second.clients) == ("91bc3c398fb3c146", "", ())
    assert second.learner
    assert not second.healthy


@pytest.mark.parametrize(
    ("states", "wanted", "words"),
    [
        ({"a": "healthy", "b": "healthy", "c": "healthy"}, "abc", ""),
        ({"a": "healthy", "b": "healthy", "c": "unseen"}, "a", "without a 1, needed are 2"),
        ({"a": "healthy", "b": "healthy", "c": "down"}, "a", "2 of 3 members are healthy (a, b)"),
        ({"a": "healthy", "b": "healthy", "c": "down"}, "abc", ""),
        ({"a": "healthy", "b": "healthy", "c": "empty"}, "abc", ""),
        ({"a": "healthy", "b": "unseen", "c": "empty"}, "c", "c: it cannot join etcd"),
        ({"a": "down", "b": "down", "c": "down"}, "abc", ""),
        ({"a": "healthy"}, "a", ""),
    ],
    ids=str,
)
def test_a_plan_that_breaks_the_quorum_is_refused(
    states: dict[str, str], wanted: str, words: str
) -> None:
    """Naming the host, who is healthy, what is needed."""
    seen = cluster(states)
    risks = quorum_risks(changed(seen, list(wanted)), list(states), seen)
    text = "\n".join(f"{its.host}: {its.what}\n{its.hint}" for its in risks)
    assert words in text
    assert bool(risks) == bool(words)


@given(st.lists(st.sampled_from(HEALTH), min_size=1, max_size=7), st.data())
def test_no_accepted_plan_ever_breaks_a_quorum(states: list[str], data: st.DataObject) -> None:
    """Played through in any order that the plan allows, an accepted plan keeps the quorum that
    was there, and takes nobody in without one."""
    names = {f"m{number}": state for number, state in enumerate(states)}
    seen = cluster(names)
    if not any(state in ("healthy", "down") for state in names.values()):
        return
    wanted = data.draw(st.lists(st.sampled_from(sorted(seen)), unique=True)) if seen else []
    plan = changed(seen, wanted)
    if quorum_risks(plan, list(names), seen):
        return
    voters = set(names)
    there = sum(state == "healthy" for state in states) >= quorum(len(states))
    healthy = {name for name, state in names.items() if state == "healthy"}
    done: set[int] = set()
    while len(done) < len(plan.steps):
        ready = [s for s in plan.steps if s.number not in done and s.needs <= done]
        # what may run side by side is away side by side
        away = {step.host for step in ready if names[step.host] == "healthy"}
        if there and len(voters) > 1:
            assert len(healthy - away) >= quorum(len(voters)), (names, wanted)
        for step in ready:
            if names[step.host] == "empty" and joins(seen[step.host], seen.values()):
                assert len(healthy) >= quorum(len(voters)), (names, wanted)
                assert len(ready) == 1, "etcd takes one learner at a time"
            healthy.add(step.host)
            done.add(step.number)
