"""The journal: append-only, torn lines survived, no secrets."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kprov.model.secret import Secret
from kprov.state.journal import Journal, _redact

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PEM = "-----BEGIN PRIVATE KEY-----\nMIGH\nAgEA\n-----END PRIVATE KEY-----\n"


def test_what_is_appended_is_read_back_in_order(tmp_path: Path) -> None:
    """Time, run and event of every entry; the file is 0600."""
    journal = Journal(tmp_path / "state" / "journal.jsonl")
    journal.append("r1", {"kind": "start"}, NOW)
    journal.append("r1", {"kind": "end", "ok": True}, NOW)
    assert [(e.time, e.run, e.event) for e in journal.entries()] == [
        ("2026-11-21T10:00:00.000+00:00", "r1", {"kind": "start"}),
        ("2026-11-21T10:00:00.000+00:00", "r1", {"kind": "end", "ok": True}),
    ]
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_a_line_cut_off_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    """The next entry starts a line of its own."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("r1", {"n": 1}, NOW)
    with journal.path.open("a") as stream:
        stream.write('{"time": "2026-11')
    journal.append("r2", {"n": 2}, NOW)
    assert [entry.event for entry in journal.entries()] == [{"n": 1}, {"n": 2}]


def test_secrets_do_not_reach_the_file(tmp_path: Path) -> None:
    """Secret values, private keys and kubeconfig key data are masked wherever they stand."""
    journal = Journal(tmp_path / "journal.jsonl")
    event = {
        "password": Secret("hunter2"),
        "diff": [f'say "x"\n{PEM}\nend "y"'],
        "file": "client-key-data: TUlHSA==\nuser: a",
    }
    journal.append("r", event, NOW)
    text = journal.path.read_text()
    assert "hunter2" not in text
    assert "MIGH" not in text
    assert "TUlHSA" not in text
    (entry,) = journal.entries()
    assert entry.event["file"] == "client-key-data: ***\nuser: a"


@given(st.text(), st.text())
def test_masking_a_key_keeps_the_line_valid_json(before: str, after: str) -> None:
    """Whatever stands around a key, the line stays JSON and the key is gone."""
    line = _redact(json.dumps({"event": before + PEM + after}))
    assert "AgEA" not in json.loads(line)["event"].replace(before, "", 1).replace(after, "", 1)
