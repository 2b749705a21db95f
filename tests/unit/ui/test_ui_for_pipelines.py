"""What pipelines read: JUnit XML, Markdown, events on a file descriptor."""

from __future__ import annotations

import json
import os
from xml.etree import ElementTree

import pytest

from kprov.model.change import Action, Change
from kprov.model.errors import InputError
from kprov.model.events import ChangeDone, HostReached, Progress, StepDone, StepStarted
from kprov.model.plan import Plan, Step
from kprov.model.resource import Content, Resource
from kprov.model.result import ChangeResult, HostResult, Outcome
from kprov.ui.event_lines import EventLines
from kprov.ui.junit import Case, junit
from kprov.ui.plan_markdown import plan_markdown


def test_junit_counts_and_details() -> None:
    """What failed with all that is known of it; what was not run is skipped."""
    text = junit("kprov.check", [
        Case("cp1", "port 6443 is taken", "failed", detail="port 6443 is taken\nstop it"),
        Case("w1", "preflight", "ok", 1.25),
        Case("w1", "dns", "not-run", detail="no image \x00 & <no> \x1b[31m"),
    ])  # fmt: skip
    root = ElementTree.fromstring(text)
    assert root.attrib["tests"] == "3"
    assert (root.attrib["failures"], root.attrib["skipped"]) == ("1", "1")
    failure = root.find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "port 6443 is taken"
    assert failure.text == "port 6443 is taken\nstop it"
    assert root.findall("testcase")[1].attrib["classname"] == "kprov.check.w1"
    skipped = root.find("testcase/skipped")
    assert skipped is not None
    assert skipped.text == "no image ? & <no> ?[31m"


def plan() -> Plan:
    content = Content(b"a\n```\nnew\n")
    resource = Resource("file", "/etc/a`b.conf", {"sha256": "x"}, content=content)
    change = Change(resource, Action.UPDATE, {"sha256": "y"}, ("sha256",),
                    before_content=b"a\n```\nold\n")  # fmt: skip
    secret = Resource("file", "/etc/key", {"sha256": "x"}, content=Content(b"hush", secret=True))
    hidden = Change(secret, Action.UPDATE, {"sha256": "y"}, ("sha256",), before_content=b"psst")
    return Plan((Step(0, "cp1", ("os", "etcd"), (change, hidden)),))


def test_markdown() -> None:
    """A table, the changes with their diffs; backticks of a file do not end the fence."""
    text = plan_markdown(plan())
    assert "### kprov plan: 2 changes on 1 host\n" in text
    assert "| cp1 | 2 | 0 | os, etcd |" in text
    assert "``file:/etc/a`b.conf``" in text
    assert "  ````diff\n" in text
    assert "  -old\n" in text
    assert "hush" not in text
    assert "psst" not in text
    assert "no changes" in plan_markdown(Plan())


def test_events() -> None:
    """Every event is a JSON object on a line of its own; contents are in none."""
    reader, writer = os.pipe()
    listener = EventLines(writer)
    result = ChangeResult("file:/etc/a", Outcome.OK, seconds=0.5)
    for event in (
        HostReached("cp1", 0.25),
        StepStarted("os", "cp1", 3),
        ChangeDone("os", "cp1", result),
        StepDone(HostResult("cp1", "os", (result,))),
        Progress("fetching etcd"),
    ):
        listener(event)
    os.close(writer)
    with os.fdopen(reader) as stream:
        lines = [json.loads(line) for line in stream]
    assert [line["event"] for line in lines] == [
        "host-reached", "step-started", "change", "step-done", "progress",
    ]  # fmt: skip
    assert lines[2]["outcome"] == "ok"
    assert all(line["time"] > 0 for line in lines)


def test_a_reader_that_went_away_is_not_missed() -> None:
    """An apply goes on when the program that watched it is gone."""
    reader, writer = os.pipe()
    listener = EventLines(writer)
    os.close(reader)
    listener(Progress("still here"))
    os.close(writer)


def test_descriptor_that_is_not_open() -> None:
    """Said before anything is done, with what to write."""
    with pytest.raises(InputError, match="file descriptor 987 is not open") as caught:
        EventLines(987)
    assert "3>events.jsonl" in str(caught.value)
