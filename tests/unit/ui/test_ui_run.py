"""How an apply ended, in words and as data."""

from __future__ import annotations

import json

from kprov.model.plan import Plan
from kprov.model.result import ChangeResult, HostResult, Outcome, RunResult
from kprov.ui.run_json import run_data
from kprov.ui.run_text import run_text
from kprov.ui.style import Style

PLAIN = Style(color=False)
OK, FAILED, LEFT = Outcome.OK, Outcome.FAILED, Outcome.NOT_RUN
STORY = "etcd.service does not start: job failed\n" + "\n".join(f"line {n}" for n in range(18))


def step(host: str, *outcomes: Outcome, error: str = "", message: str = "") -> HostResult:
    results = tuple(
        ChangeResult(f"unit:u{number}", outcome, message if outcome is FAILED else "")
        for number, outcome in enumerate(outcomes)
    )
    return HostResult(host, "os+etcd", results, error, 1.0)


def text(*steps: HostResult, not_started: tuple[str, ...] = (), interrupted: bool = False) -> str:
    channels = {its.host: 2 for its in reversed(steps)}
    return run_text(RunResult(steps, not_started, channels, 3.21, interrupted=interrupted), PLAIN)


def test_success_is_one_line() -> None:
    """Counts of what was really done; hosts in order."""
    assert text(step("a", OK, Outcome.UNCHANGED), step("b", OK)) == (
        "done: 2 changes in 3.2 s (SSH channels: a 2, b 2)"
    )


def test_a_failure_says_what_the_host_said_and_what_became_of_the_others() -> None:
    """Which change on which host, its story, what was not reached or not started."""
    said = text(
        step("a", OK, FAILED, LEFT, message=STORY), step("b", OK, OK),
        not_started=("node on a", "addons on a", "node on c"),
    )  # fmt: skip
    assert said.splitlines()[0] == "failed: a unit:u1"
    assert said.splitlines()[1] == "    etcd.service does not start: job failed"
    assert said.splitlines()[-5:] == [
        "  a: 1 changes done, unit:u1 failed, 1 not reached, not started: node, addons",
        "  b: all 2 changes done",
        "  c: nothing done, not started: node",
        "not done: 3 changes in 3.2 s (SSH channels: a 2, b 2)",
        "Run the same command again after mending: it goes on where it stopped.",
    ]


def test_a_story_fits_one_screen_on_however_many_hosts_it_happens() -> None:
    """What several hosts say alike is said once."""
    said = text(*(step(f"h{n}", FAILED, message=STORY) for n in range(3)))
    assert said.count("line 17") == 1
    assert "failed: h2 unit:u0, as on h0" in said
    assert len(said.splitlines()) < 32


def test_a_lost_connection_is_named_with_its_way_out() -> None:
    """The host is not named twice."""
    said = text(step("a", OK, LEFT, error="a: the connection broke\n    Look at the network"))
    assert said.splitlines()[:3] == [
        "failed: a: the connection broke",
        "    Look at the network",
        "  a: 1 changes done, ended at unit:u1, 1 not reached",
    ]


def test_an_interruption_says_how_far_each_host_got() -> None:
    """Nothing has failed: somebody pressed Ctrl-C."""
    said = text(
        step("a", OK, LEFT, LEFT, error="a: the connection was interrupted"), step("b", OK),
        not_started=("node on b",), interrupted=True,
    )  # fmt: skip
    assert said.splitlines() == [
        "  a: 1 changes done, interrupted at unit:u1, 2 not reached",
        "  b: 1 changes done, not started: node",
        "interrupted: 2 changes in 3.2 s (SSH channels: a 2, b 2)",
        "Run the same command again: it goes on where it stopped.",
    ]


def test_many_hosts_that_are_done_are_counted() -> None:
    """The few that are not are named."""
    said = text(*(step(f"h{n}", OK) for n in range(40)), step("bad", FAILED, message="no"))
    assert "  40 other hosts: all done" in said
    assert "h17:" not in said
    assert "bad: nothing done, unit:u0 failed" in said


def test_a_hosts_words_do_not_steer_the_terminal() -> None:
    """Its journal may hold colours."""
    said = text(step("a", FAILED, message="\x1b[31mred"), step("b", error="b: \x1b[2J"))
    assert "\x1b" not in said


def test_data_for_pipelines() -> None:
    """The same, as JSON."""
    result = RunResult((step("a", FAILED, message="no"),), ("node on a",), {"a": 2}, 1.0)
    data = json.loads(json.dumps(run_data(Plan(), result)))
    assert (data["ok"], data["interrupted"], data["channels"]) == (False, False, {"a": 2})
    assert data["steps"][0]["results"] == [
        {"id": "unit:u0", "outcome": "failed", "seconds": 0.0, "message": "no"}
    ]
