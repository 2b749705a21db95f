"""Plans: as few payloads as the work allows, and never an order that a neighbour cannot bear."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kprov.core.batch import percent, running_one_by_one, together
from kprov.core.plan import build
from kprov.model.plan import Plan
from tests.unit.core.builders import created, facts, phase

UP = {"running": True}


def ids(plan: Plan) -> list[tuple[str, list[str]]]:
    return [(step.host, [change.id for change in step.changes]) for step in plan.steps]


def test_a_single_host_needs_a_single_payload() -> None:
    """Nobody else waits, so all phases travel together."""
    phases = (phase("os"), phase("etcd"), phase("control", ["etcd"]))
    work = {
        "os": {"a": (created("file:/1"),)},
        "etcd": {"a": (created("unit:etcd"),)},
        "control": {"a": (created("unit:api"),)},
    }
    plan = build(phases, work, {"a": facts()})
    assert ids(plan) == [("a", ["file:/1", "unit:etcd", "unit:api"])]
    assert plan.steps[0].phases == ("os", "etcd", "control")


def test_a_phase_waits_for_all_hosts_of_the_phases_before_it() -> None:
    """The control plane starts when every etcd member has worked."""
    phases = (phase("etcd"), phase("control", ["etcd"]))
    work = {
        "etcd": {"a": (created("unit:etcd"),), "b": (created("unit:etcd"),)},
        "control": {"a": (created("unit:api"),)},
    }
    plan = build(phases, work, {"a": facts(), "b": facts()})
    control = plan.steps[-1]
    assert control.host == "a"
    assert {plan.steps[need].host for need in control.needs} == {"a", "b"}


def test_what_an_idle_phase_waited_for_is_handed_on() -> None:
    """A phase without work does not let the next one start too early."""
    phases = (phase("etcd"), phase("control", ["etcd"]), phase("node", ["control"]))
    work = {"etcd": {"a": (created("unit:etcd"),)}, "control": {}, "node": {"b": (created("u:1"),)}}
    plan = build(phases, work, {"a": facts(), "b": facts()})
    assert plan.steps[1].needs == {0}


def test_hosts_that_are_waited_for_do_not_take_on_later_work() -> None:
    """The workers wait for `access` on the control plane, not for its own node phase."""
    phases = (phase("access"), phase("node", ["access"]))
    work = {
        "access": {"cp": (created("manifest:access"),)},
        "node": {"cp": (created("unit:kubelet"),), "w": (created("unit:kubelet"),)},
    }
    plan = build(phases, work, {"cp": facts(), "w": facts()})
    assert [step.phases for step in plan.steps] == [("access",), ("node",), ("node",)]
    assert plan.steps[2].needs == {0}


def test_running_control_planes_are_changed_one_after_the_other() -> None:
    """Those that are down come first, all at once."""
    rule = running_one_by_one("api")
    up, down = facts({"unit:api": UP}), facts({"unit:api": None})
    seen = {"a": up, "b": down, "c": up, "d": down}
    assert rule(["a", "b", "c", "d"], seen) == [["b", "d"], ["a"], ["c"]]


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 100))
def test_percent_names_every_host_once_and_new_ones_first(
    fresh: int, running: int, share: int
) -> None:
    """No host is left out; no batch of running hosts is larger than its share, but at least one."""
    hosts = [f"n{i}" for i in range(fresh + running)]
    seen = {h: facts({"unit:k": UP if i >= fresh else None}) for i, h in enumerate(hosts)}
    batches = percent(share, "k")(hosts, seen)
    assert sorted(h for batch in batches for h in batch) == sorted(hosts)
    assert set(batches[0]) == set(hosts[:fresh])
    assert all(len(b) <= max(1, len(hosts) * share // 100) for b in batches[1:])


def test_waits_are_put_off_until_something_acts_on_them() -> None:
    """While the apiserver becomes ready, the runtime is installed; access needs it ready."""
    phases = (phase("control"), phase("runtime"), phase("access", ["control"]))
    work = {
        "control": {"a": (created("unit:api", "api"), created("wait:ready", "api"))},
        "runtime": {"a": (created("unit:containerd", "containerd"),)},
        "access": {"a": (created("file:/m", "access"), created("manifest:m", "access"))},
    }
    (step,) = build(phases, work, {"a": facts()}).steps
    assert [change.id for change in step.changes] == [
        "unit:api", "unit:containerd", "file:/m", "wait:ready", "manifest:m"
    ]  # fmt: skip


def test_a_wait_stays_before_what_its_own_role_does_after_it() -> None:
    """The node is labelled when it is there."""
    phases = (phase("node"),)
    work = {"node": {"a": (created("wait:node", "k"), created("command:label", "k"))}}
    (step,) = build(phases, work, {"a": facts()}).steps
    assert [change.id for change in step.changes] == ["wait:node", "command:label"]


def test_new_unit_files_come_before_the_first_unit() -> None:
    """systemd reads them all at once."""
    phases = (phase("a"), phase("b"))
    unit_file = "file:/etc/systemd/system/two.service"
    work = {
        "a": {"h": (created("unit:one"),)},
        "b": {"h": (created("file:/x"), created(unit_file), created("unit:two"))},
    }
    (step,) = build(phases, work, {"h": facts()}).steps
    assert [c.id for c in step.changes] == [unit_file, "unit:one", "file:/x", "unit:two"]


@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=1, max_size=5), st.data())
def test_every_change_is_in_one_step_and_steps_come_after_their_needs(
    hosts_by_phase: list[set[str]], data: st.DataObject
) -> None:
    """For any phases: nothing is lost or doubled, and the order of steps is one that works."""
    names = [f"p{i}" for i in range(len(hosts_by_phase))]
    phases = tuple(
        phase(name, sorted(data.draw(st.sets(st.sampled_from(names[:i])))) if i else [])
        for i, name in enumerate(names)
    )
    work = {
        name: {host: (created(f"unit:{name}"),) for host in sorted(hosts)}
        for name, hosts in zip(names, hosts_by_phase, strict=True)
    }
    plan = build(phases, work, {host: facts() for host in "abcd"})
    done = [(step.host, change.id) for step in plan.steps for change in step.changes]
    assert sorted(done) == sorted(
        (host, f"unit:{name}") for name, its in work.items() for host in its
    )
    assert all(need < step.number for step in plan.steps for need in step.needs)
    for step in plan.steps:
        before = _closure(plan, step.number)
        for name in step.phases:
            for earlier in next(p for p in phases if p.name == name).after:
                theirs = {s.number for s in plan.steps if earlier in s.phases}
                assert theirs <= before | {step.number}


def _closure(plan: Plan, number: int) -> set[int]:
    found: set[int] = set()
    left = list(plan.steps[number].needs)
    while left:
        need = left.pop()
        if need not in found:
            found.add(need)
            left += plan.steps[need].needs
    return found


def test_together_is_one_batch() -> None:
    """Everyone at once."""
    assert together(["a", "b"], {}) == [["a", "b"]]
