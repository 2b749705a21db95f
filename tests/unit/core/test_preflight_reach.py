"""Who has to reach whom, and what the answers of a test mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.core.preflight.reach import links, reach_findings, tasks
from kprov.inventory import load
from kprov.model.errors import PayloadError
from kprov.model.facts import Facts
from kprov.model.host import Inventory
from kprov.model.reach import Answer, Link, Reached, ReachTask
from kprov.sh.reach import reach_script, read_reached

TEXT = """\
cluster: {name: demo}
all:
  children:
    etcd: {hosts: {e1: {ansible_host: 192.0.2.1}, e2: {ansible_host: 192.0.2.2},
                   e3: {ansible_host: 192.0.2.3}}}
    kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}
    kube_node: {hosts: {w1: {ansible_host: 192.0.2.21}, w2: {ansible_host: 192.0.2.22}}}
"""
LINK = Link("w1", "cp1", 6443, "the API")
TOOLS = {"tool_systemd-socket-activate": "yes", "tool_bash": "yes"}
OPEN = Answer("open", 0, 1)


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    """etcd on hosts of its own, one control plane, two workers."""
    (tmp_path / "i.yaml").write_text(TEXT)
    return load(tmp_path / "i.yaml", overrides=[], environ={})


def facts_of(inventory: Inventory, **more: dict[str, str]) -> dict[str, Facts]:
    return {its.name: Facts({**TOOLS, **more.get(its.name, {})}, {}) for its in inventory.hosts}


def pairs(found: Sequence[Link]) -> set[str]:
    return {f"{its.source} {its.target} {its.port}" for its in found}


def test_only_those_who_talk(inventory: Inventory) -> None:
    """etcd's members among each other, the control plane to them, nodes to it, and it to nodes."""
    assert pairs(links(inventory, facts_of(inventory), fresh=True)) == {
        *(f"e{a} e{b} 2380" for a in (1, 2, 3) for b in (1, 2, 3) if a != b),
        *(f"cp1 e{a} 2379" for a in (1, 2, 3)),
        "w1 cp1 6443", "w2 cp1 6443", "cp1 w1 10250", "cp1 w2 10250",
    }  # fmt: skip


def test_a_new_host_is_tried_with_its_neighbours_alone(inventory: Inventory) -> None:
    """The others have long been talking; hosts that nobody looked at are left out."""
    facts = facts_of(inventory, **{name: {"owned": "yes"} for name in ("e1", "e2", "e3", "cp1")})
    del facts["w2"]
    assert pairs(links(inventory, facts, fresh=True)) == {"w1 cp1 6443", "cp1 w1 10250"}
    assert len(links(inventory, facts, fresh=False)) == 6 + 3 + 2


def test_what_each_host_does(inventory: Inventory) -> None:
    """It listens where nothing does, and waits for as many as will come there."""
    facts = facts_of(
        inventory, e1={"listening": "2379=etcd"}, e2={"tool_systemd-socket-activate": ""}
    )
    wanted = links(inventory, facts, fresh=False)
    addresses = {its.name: its.connection.address for its in inventory.hosts}
    made = tasks(wanted, addresses, facts, ["e1"], {"w1": "https://x/"})
    assert (made["e1"].listen, made["e1"].expected, made["e1"].sync) == ((2380,), 2, True)
    assert (made["e2"].listen, made["e2"].expected, made["e2"].sync) == ((), 0, False)
    assert (made["e3"].listen, made["e3"].expected) == ((2379, 2380), 3)
    assert set(made["w1"].connect.values()) == {("192.0.2.11", 6443)}
    assert made["w1"].pull == "https://x/"


def test_nothing_to_do(inventory: Inventory) -> None:
    """No host is asked."""
    facts = facts_of(inventory)
    assert tasks((), {}, facts, (), {}) == {}


def said(answer: Answer | None, there: Reached, **facts: str) -> list[tuple[str, str, str]]:
    answers = {} if answer is None else {0: answer}
    found = reach_findings(
        (LINK,),
        {"w1": Reached(answers), "cp1": there},
        {"w1": Facts({}, {}), "cp1": Facts(facts, {})},
    )
    return [(its.host, its.level, its.what) for its in found]


LISTENED = Reached(listening={6443: 0.5}, ended=5.0)


@pytest.mark.parametrize(
    ("answer", "there", "listening", "level", "words"),
    [
        (OPEN, LISTENED, "", "", ""),
        (OPEN, Reached(), "6443=kube-apiserver", "", ""),
        (Answer("silent", 0, 2), LISTENED, "", "error", "no answer, as when a firewall drops it"),
        (Answer("silent", 0, 2), Reached(), "", "error", "no answer, as when a firewall drops it"),
        (Answer("unreachable", 0, 0), Reached(), "", "error", "no way there, or a firewall that"),
        (Answer("refused", 0, 5), LISTENED, "", "error", "refused although something listens"),
        (Answer("refused", 0, 5), Reached(), "6443=haproxy", "error", "refused although something"),
        (Answer("refused", 0, 5), Reached(), "", "warning", "not tested from w1: port 6443"),
        (Answer("refused", 4.8, 9), LISTENED, "", "warning", "not tested from w1"),
        (Answer("untested", 0, 5), LISTENED, "", "warning", "not tested from w1"),
        (Answer("strange", 0, 5), LISTENED, "", "warning", "not tested from w1"),
        (None, LISTENED, "", "warning", "not tested from w1"),
    ],
)  # fmt: skip
def test_verdicts(
    answer: Answer | None, there: Reached, listening: str, level: str, words: str
) -> None:
    """A refusal proves a firewall only while somebody listens; what is not known is said."""
    found = said(answer, there, listening=listening)
    assert [its[:2] for its in found] == ([("cp1", level)] if level else [])
    assert all(words in its[2] for its in found)


def test_one_finding_for_a_port_of_a_host() -> None:
    """However many cannot reach it; some are named."""
    wanted = [Link(f"w{n}", "cp1", 6443, "the API") for n in range(9)]
    reached = {f"w{n}": Reached({n: Answer("silent", 0, 2)}) for n in range(9)}
    facts = {name: Facts({}, {}) for name in ("cp1", *reached)}
    (finding,) = reach_findings(wanted, reached, facts)
    assert "cannot be reached from w0, w1, w2, w3, w4 and 4 more" in finding.what


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        ([0.002] * 100, ""),
        ([0.002] * 99 + [0.5], "take 500 ms or more (of 100)"),
        ([0.002] * 98 + [0.009, 0.010], ""),
        ([0.5] * 6, "take 500 ms or more (of 6)"),
        ([], "not tested: how fast /var/lib syncs"),
        ([0.030] * 40, "take 30 ms or more (of 40)"),
    ],
)
def test_slow_disks(seconds: list[float], words: str) -> None:
    """The 99th percentile; of a disk so slow that few writes were possible, the slowest."""
    its = Reached(sync_folder="/var/lib", sync_seconds=tuple(seconds))
    found = reach_findings((), {"e1": its}, {})
    assert [finding.level for finding in found] == (["warning"] if words else [])
    assert all(words in finding.what for finding in found)


def test_downloads_that_do_not_work() -> None:
    """The tool's words, and another way."""
    its = Reached(pull="https://x/", pull_error="curl: (6) Could not resolve host: x")
    (finding,) = reach_findings((), {"w1": its}, {})
    assert finding.what == "cannot download https://x/: curl: (6) Could not resolve host: x"
    assert "delivery: push" in finding.hint


def test_many_are_tried_in_turns() -> None:
    """Not all processes at once."""
    task = ReachTask(connect=dict.fromkeys(range(120), ("192.0.2.1", 10250)))
    assert reach_script(task).count("\nreach_wait\n") == 3


@given(st.lists(st.text(max_size=40)))
def test_strange_lines_are_no_answers(texts: list[str]) -> None:
    """Whatever a host prints before the end."""
    lines = [(1.0, text) for text in (*texts, '{"end":"reach"}')]
    found = read_reached("a", lines, ReachTask(), 0.0)
    assert replace(found, ended=0) == Reached()


@pytest.mark.parametrize(
    "line",
    ['{"reach":"x","is":"open"}', '{"sync":"/","seconds":"nan inf -1 x 9999"}', '{"pull":"no"}',
     '{"listens":null}', '{"reach":[1],"is":{}}', '{"sync":1,"seconds64":"%%"}'],
)  # fmt: skip
def test_odd_records_do_no_harm(line: str) -> None:
    """Right kind, wrong content."""
    lines = [(1.0, line), (2.0, '{"end":"reach"}')]
    its = read_reached("a", lines, ReachTask(), 0.0)
    assert its.sync_seconds == ()
    assert not set(its.answers) & {0, 1}


def test_a_test_that_was_cut_off() -> None:
    """No half answers."""
    with pytest.raises(PayloadError, match="ended early"):
        read_reached("a", [(1.0, '{"reach":"0","is":"open"}')], ReachTask(), 0.0)
