"""What hosts print, read with suspicion."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.model.change import Action, Change
from kprov.model.errors import PayloadError
from kprov.model.resource import Resource
from kprov.model.result import Outcome
from kprov.sh.payload import LeaseHeld, PayloadEnd, read_line
from kprov.sh.probe import read_facts
from kprov.sh.records import Records, text_member
from kprov.sh.reset import read_reset

END = '{"end":"probe"}'
CHANGES = [Change(Resource("module", name, {}), Action.CREATE) for name in ("a", "b")]
BANNERS = [
    "Welcome!", "", "{", "{not json}", "[1]", "3", '{"a"', "null", '"text"', "{}", '{"a": {}}',
    '{"i": "x"}', '{"end": ["payload"]}', '{"i":99,"s":"ok"}', '{"i":0,"s":"strange"}', "{\x00}",
]  # fmt: skip


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class TestProbe:
    """Facts."""

    @pytest.mark.parametrize("banner", BANNERS)
    def test_other_lines_do_no_harm(self, banner: str) -> None:
        """A login banner, a warning of the shell, garbage."""
        facts = read_facts("h", [banner, '{"fact":"arch","v":"x86_64"}', banner, END], [])
        assert facts.get("arch") == "x86_64"

    def test_without_its_end_it_does_not_count(self) -> None:
        """The connection was cut, say: better none than half the facts."""
        with pytest.raises(PayloadError, match="h: the probe ended before its time"):
            read_facts("h", ['{"fact":"arch","v":"x86_64"}'], [])

    def test_texts_may_travel_as_base64(self) -> None:
        """What would not be safe in JSON."""
        facts = read_facts("h", [f'{{"fact":"x","v64":"{encoded("a" + chr(34))}"}}', END], [])
        assert facts.get("x") == 'a"'

    def test_values(self) -> None:
        """Numbers and truths have defaults where a host does not tell."""
        lines = ['{"fact":"n","v":"7"}', '{"fact":"y","v":"yes"}', '{"fact":"e","v":""}', END]
        facts = read_facts("h", lines, [])
        assert (facts.number("n"), facts.number("e"), facts.number("absent")) == (7, 0, 0)
        assert (facts.flag("y"), facts.flag("n"), facts.flag("absent")) == (True, False, False)

    def test_a_lease(self) -> None:
        """Run, owner, end."""
        lines = ['{"held":"r1","expires":17,"owner":"ann@laptop"}', END]
        lease = read_facts("h", lines, []).lease
        assert lease is not None
        assert (lease.run, lease.owner, lease.expires) == ("r1", "ann@laptop", 17)

    def test_contents_that_are_all_too_large_to_travel(self) -> None:
        """The host then sends an archive of nothing."""
        empty = base64.b64encode(gzip.compress(b"")).decode()
        facts = read_facts("h", [f'{{"contents":"/x","tar":"{empty}"}}', END], [])
        assert facts.contents == {}


class TestPayload:
    """Reports."""

    @pytest.mark.parametrize("banner", BANNERS)
    def test_other_lines_are_none(self, banner: str) -> None:
        """Not a crash, not a result."""
        assert read_line(banner, CHANGES) is None

    def test_a_result(self) -> None:
        """Which change, how it ended, how long it took, what was said."""
        line = json.dumps({"i": 1, "s": "failed", "from": 1.5, "to": 4.0, "m": encoded("no\nway ")})
        result = read_line(line, CHANGES)
        assert (result.id, result.outcome, result.message, result.seconds) == (  # type: ignore[union-attr]
            "module:b", Outcome.FAILED, "no\nway", 2.5
        )  # fmt: skip

    def test_a_lease_that_somebody_else_has(self) -> None:
        """Plain or as base64."""
        owner = encoded("ann (laptop)")
        line = f'{{"lease":"held","expires":17,"owner64":"{owner}"}}'
        assert read_line(line, CHANGES) == LeaseHeld("ann (laptop)", 17)

    def test_the_end(self) -> None:
        """Only this line says that everything ran."""
        assert read_line('{"end":"payload"}', CHANGES) == PayloadEnd()
        assert read_line('{"end":"probe"}', CHANGES) is None

    @given(st.text())
    def test_any_line_at_all(self, line: str) -> None:
        """Reading never fails."""
        read_line(line, CHANGES)
        Records.of([line])


def test_a_reset_counts_what_is_gone() -> None:
    """By kind of thing; complete only with its end."""
    lines = [
        '{"gone":"file","name":"/a"}',
        '{"gone":"file","name":"/b"}',
        '{"gone":"unit","name":"u"}',
    ]
    complete, gone, owner = read_reset([*lines, '{"end":"reset"}'])
    assert (complete, dict(gone), owner) == (True, {"file": 2, "unit": 1}, "")
    assert read_reset(lines)[0] is False


def test_texts_that_are_not_utf8() -> None:
    """Old file names: shown, not refused."""
    assert (
        text_member({"v64": base64.b64encode(b"\xff").decode()}, "v") == "\N{REPLACEMENT CHARACTER}"
    )
