"""Saved plans: exactly that plan, or a refusal that says what is different."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite


@pytest.fixture
def plan(site: FakeSite) -> Path:
    """A plan of a fresh cluster, saved."""
    path = site.folder / "plans" / "monday.plan"
    done = site.run("plan", "-o", path)
    assert done.code == 2
    assert f"saved: kprov apply {path}" in done.err
    return path


def test_there_and_back(site: FakeSite, plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No question, from any folder, whatever the file is called; private; done once only."""
    assert plan.stat().st_mode & 0o077 == 0
    monkeypatch.chdir("/")
    site.transports.clear()
    done = site.main("apply", plan)
    assert done.code == 0, done.err
    assert site.hosts["w1"].units["kubelet.service"].running
    site.transports.clear()
    done = site.main("apply", plan)
    assert done.code == 1
    assert "have changed since this plan was saved" in done.err
    assert "is done or no longer wanted" in done.err
    assert "kprov plan INVENTORY -o FILE" in done.err


def test_limit_and_overrides_are_part_of_it(site: FakeSite) -> None:
    """And cannot be given a second time."""
    path = site.folder / "p.json"
    site.run("plan", "-o", path, "--limit", "w1", "-e", "cluster.network.dns=false")
    site.transports.clear()
    assert site.main("apply", path).code == 0
    assert site.hosts["cp1"].done == []
    for words in (["--limit", "w1"], ["-e", "a=b"]):
        done = site.main("apply", path, *words)
        assert done.code == 3
        assert "a saved plan has its own -e and --limit" in done.err


def test_drift_since_then_is_named(site: FakeSite, plan: Path) -> None:
    """What is new, what is done, what is different."""
    site.hosts["w1"].sysctls["net.ipv4.ip_forward"] = "1"
    site.transports.clear()
    done = site.main("apply", plan)
    assert done.code == 1
    assert "w1 sysctl:net.ipv4.ip_forward is done or no longer wanted" in done.err
    assert not site.hosts["cp1"].done


def test_an_inventory_that_has_changed_is_named(site: FakeSite, plan: Path) -> None:
    """Another setting makes another plan."""
    site.write("cp1", "w1", "w2", cluster="  network: {dns: false}\n")
    site.transports.clear()
    done = site.main("apply", plan)
    assert done.code == 1
    assert "cp1 manifest:coredns is done or no longer wanted" in done.err


def test_an_inventory_that_is_gone(site: FakeSite, plan: Path) -> None:
    """Its path is in the plan, and in the error."""
    site.inventory.unlink()
    done = site.main("apply", plan)
    assert done.code == 3
    assert str(site.inventory) in done.err


def test_a_plan_does_not_overwrite_something_else(site: FakeSite, plan: Path) -> None:
    """Least of all the inventory; another plan is fine."""
    before = site.inventory.read_text()
    done = site.run("plan", "-o", site.inventory)
    assert done.code == 3
    assert "this file is there already, and it is no saved plan" in done.err
    assert site.inventory.read_text() == before
    assert site.transports == []
    assert site.run("plan", "-o", site.folder).code == 3
    assert site.run("plan", "-o", plan).code == 2


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("format", "kprov-plan/2", "this plan has the format 'kprov-plan/2'"),
        ("digest", None, "this saved plan lacks `digest`"),
        ("limit", None, "this saved plan lacks `limit`"),
    ],
)
def test_a_plan_of_another_version(
    site: FakeSite, plan: Path, key: str, value: str | None, words: str
) -> None:
    """Or one that somebody has edited: wrong input."""
    data = json.loads(plan.read_text())
    del data[key]
    plan.write_text(json.dumps(data if value is None else {**data, key: value}))
    done = site.main("apply", plan)
    assert done.code == 3
    assert words in done.err
    assert "make a new one" in done.err


def test_a_plan_that_is_cut_off(site: FakeSite, plan: Path) -> None:
    """It is not taken for an inventory with hosts in it."""
    plan.write_text(plan.read_text()[:500])
    done = site.main("apply", plan)
    assert done.code == 3
    assert not any(host.done for host in site.hosts.values())


def test_it_holds_no_contents(plan: Path) -> None:
    """Ids, digests, reasons."""
    text = plan.read_text()
    assert "BEGIN" not in text
    assert "[Unit]" not in text
