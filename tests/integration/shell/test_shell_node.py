"""The patch of a node, composed in every shell from what the API shows at that moment.

`kubectl` is a fake: it answers in the words of the real one's templates, and keeps the patches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kprov.model.change import Action, Change
from kprov.model.resource import Resource
from kprov.model.result import ChangeResult, Outcome
from kprov.sh.kinds.nodes import RECORD
from tests.integration.shell.sandbox import SHELLS, Sandbox

NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
NO_EXECUTE = {**NOT_READY, "timeAdded": "2026-01-01T00:00:00Z", "effect": "NoExecute"}
FAKE = """#!/bin/sh
printf '%s\\n' "$*" >>{folder}/calls
case " $* " in
    *" get node w1 -o go-template={{{{.metadata.resourceVersion"*) cat {folder}/live ;;
    *" patch node w1 --type=merge "*)
        if [ -s {folder}/conflicts ]; then
            sed -i 1d {folder}/conflicts
            echo 'Error from server (Conflict): the object has been modified' >&2
            exit 1
        fi
        for word; do last=$word; done
        printf '%s' "$last" >{folder}/patch
        cat {folder}/after ;;
    *" get node w9 "*) echo 'Error from server (NotFound): nodes "w9" not found' >&2; exit 1 ;;
    *) echo "unknown: $*" >&2; exit 2 ;;
esac
"""


@dataclass(frozen=True)
class Api:
    """What the fake shows, and what it was sent."""

    folder: Path
    sandbox: Sandbox

    def live(self, record: str, *taints: Mapping[str, str]) -> None:
        rows = [f"{its['key']}:{its['effect']} {json.dumps(its)}" for its in taints]
        (self.folder / "live").write_text("\n".join(["4711", record, *rows]) + "\n")

    def apply(self, expected: dict[str, str], name: str = "w1") -> ChangeResult:
        lines = [
            f"{key} {value}"
            for key, value in expected.items()
            if key.startswith(("label ", "taint "))
        ]
        (self.folder / "after").write_text("\n".join(["node w1", *lines]) + "\n")
        change = Change(Resource("node", name, expected), Action.CREATE)
        report = self.sandbox.apply([change])[0]
        assert isinstance(report, ChangeResult)
        return report

    @property
    def patch(self) -> dict[str, dict[str, object]]:
        """The last patch; it has to be JSON."""
        return json.loads((self.folder / "patch").read_text())  # type: ignore[no-any-return]


@pytest.fixture(params=SHELLS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Api:
    """Every test runs under dash, busybox and bash."""
    fake = tmp_path / "sbin" / "kubectl"
    fake.parent.mkdir()
    fake.write_text(FAKE.format(folder=tmp_path))
    fake.chmod(0o755)
    return Api(tmp_path, Sandbox(tmp_path, SHELLS[request.param]))


def test_what_is_declared_is_set_and_taints_of_others_stay(api: Api) -> None:
    """With all their fields; the record is what is declared now."""
    api.live("", NO_EXECUTE, NOT_READY)
    record = "annotation:note label:zone taint:dedicated:NoSchedule"
    expected = {"label zone": "a", "annotation note": 'it\'s "$HOME"\n`x` ü',
                "taint dedicated:NoSchedule": "gpu", "record": record}  # fmt: skip
    assert api.apply(expected).outcome is Outcome.OK
    assert api.patch == {
        "metadata": {
            "resourceVersion": "4711",
            "labels": {"zone": "a"},
            "annotations": {"note": 'it\'s "$HOME"\n`x` ü', RECORD: record},
        },
        "spec": {"taints": [
            NOT_READY, NO_EXECUTE, {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
        ]},
    }  # fmt: skip


def test_what_is_no_longer_declared_is_removed(api: Api) -> None:
    """What the record says, and no more; a record that somebody has edited does no harm."""
    old = "annotation:note label:example.com/disk label:zone taint:dedicated:NoSchedule * $(id) x:y"
    api.live(
        old,
        {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"},
        {"key": "dedicated", "value": "gpu", "effect": "NoExecute"},
    )
    assert api.apply({"label zone": "b", "record": "label:zone"}).outcome is Outcome.OK
    metadata = api.patch["metadata"]
    assert metadata["labels"] == {"zone": "b", "example.com/disk": None}
    assert metadata["annotations"] == {RECORD: "label:zone", "note": None}
    assert api.patch["spec"]["taints"] == [
        {"key": "dedicated", "value": "gpu", "effect": "NoExecute"}
    ]


def test_nothing_is_left(api: Api) -> None:
    """The record goes as well."""
    api.live("label:zone")
    assert api.apply({"record": ""}).outcome is Outcome.OK
    assert api.patch == {
        "metadata": {
            "resourceVersion": "4711", "labels": {"zone": None}, "annotations": {RECORD: None}
        },
        "spec": {"taints": []},
    }  # fmt: skip


def test_a_node_that_somebody_changes_meanwhile_is_looked_at_again(api: Api) -> None:
    """A few times; then the API's own words are the error."""
    api.live("")
    (api.folder / "conflicts").write_text("1\n2\n")
    assert api.apply({"label zone": "a", "record": "label:zone"}).outcome is Outcome.OK
    assert (api.folder / "calls").read_text().count(" get node w1 ") == 3
    (api.folder / "conflicts").write_text("1\n2\n3\n4\n5\n6\n")
    report = api.apply({"label zone": "a", "record": "label:zone"})
    assert report.outcome is Outcome.FAILED
    assert "the object has been modified" in report.message


def test_a_node_that_does_not_take_it(api: Api) -> None:
    """What the API answers is compared with what was wanted."""
    api.live("")
    change = Change(Resource("node", "w1", {"label a": "b", "record": "label:a"}), Action.CREATE)
    (api.folder / "after").write_text("node w1\nlabel a c\n")
    (report,) = (its for its in api.sandbox.apply([change]) if isinstance(its, ChangeResult))
    assert report.outcome is Outcome.FAILED
    assert "did not take all of it" in report.message


def test_a_node_that_has_not_joined(api: Api) -> None:
    """Which node, what to look at, the API's words."""
    report = api.apply({"label a": "b", "record": "label:a"}, "w9")
    assert report.outcome is Outcome.FAILED
    assert "the API does not show node w9 (has its kubelet joined?)" in report.message
    assert "not found" in report.message
