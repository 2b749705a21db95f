"""Kinds as data: what is wanted and what a probe printed, to the change and its shell.

A case is a YAML file in kinds/KIND/. Above the line is what people write: `about`, `name`,
`expected`, `params`, `content` (its digest goes into `expected`), and `printed`, the lines of a
probe. Below it is what kprov makes of that; `make golden` writes it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from kprov.core.diff import diff
from kprov.model.change import Change
from kprov.model.facts import Facts
from kprov.model.kube import KubeObject
from kprov.model.resource import Content, Resource
from kprov.sh.kinds import KINDS
from kprov.sh.records import Records
from kprov.ui.change_words import describe
from tests.golden.golden import compare

FOLDER = Path(__file__).parent / "kinds"
LINE = "# --- what becomes of it\n"
CASES = sorted(FOLDER.glob("*/*.yaml"))


def resource(kind: str, case: dict[str, Any]) -> Resource:
    """The resource that a case wants."""
    expected, params = case.get("expected"), dict(case.get("params", {}))
    if params.get("objects"):
        params["objects"] = tuple(KubeObject(**{"body": {}} | its) for its in params["objects"])
        params["own"] = {tuple(its) for its in params.get("own", ())}
    content = None
    if "content" in case:
        content = Content(case["content"].encode(), secret=bool(params.get("secret")))
        expected = {**expected, "sha256": content.sha256}
    return Resource(kind, case["name"], expected, params, content)


def outcome(change: Change | None, kind: str) -> dict[str, Any]:
    """What a plan says and what the payload runs."""
    if change is None:
        return {"change": "none"}
    keys = {"keys": list(change.keys)} if change.keys else {}
    write = KINDS[kind].write(change)
    return {"change": change.action.name.lower(), **keys, "plan": describe(change), "write": write}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_kinds(path: Path) -> None:
    """Look, what was seen, the difference, the words in a plan, the call that mends it."""
    written, _, _ = path.read_text().partition(LINE)
    case = yaml.safe_load(written)
    assert set(case) <= {"about", "name", "expected", "params", "content", "printed"}
    its = resource(path.parent.name, case)
    kind = KINDS[its.kind]
    observed = kind.read(0, its, Records.of(case.get("printed", ())))
    change = diff(its, Facts({}, {its.id: observed}))
    result = {
        "look": kind.look([(0, its)]),
        "observed": dict(observed) if observed is not None else None,
        **outcome(change, its.kind),
    }
    text = yaml.dump(result, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096)
    compare(path, f"{written}{LINE}{text}")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, to be read."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def test_every_kind_has_cases() -> None:
    """Creating, and being right already, at the least."""
    if os.environ.get("KPROV_GOLDEN") == "write":
        return  # some of them may just be about to be written
    for kind in set(KINDS) - {"leftovers"}:  # which are there or not, and never made
        found = [path.read_text() for path in CASES if path.parent.name == kind]
        assert any("\nchange: create\n" in text for text in found), f"{kind}: no case creates"
        assert any("\nchange: none\n" in text for text in found), f"{kind}: no case without change"
