"""One apply at a time: leases on hosts, and the lock of the state folder."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from kprov.state.directory import StateDir
from tests.unit.engine.fake_site import FakeSite

SOON = int(time.time()) + 600
THEIRS = ("run-of-another", "ann@laptop /home/ann/.kprov/demo", SOON)


def test_a_lease_that_the_look_finds(site: FakeSite) -> None:
    """Exit 4, who holds it and until when; nothing is touched."""
    site.hosts["w1"].lease = THEIRS
    done = site.run("apply", "--yes")
    assert done.code == 4
    assert "error: w1: another apply is at work: ann@laptop" in done.err
    assert "--steal-lease" in done.err
    assert not any(host.done for host in site.hosts.values())
    assert site.hosts["w1"].lease == THEIRS


@pytest.mark.parametrize("command", ["plan", "check", "status"])
def test_looking_is_always_allowed(site: FakeSite, command: str) -> None:
    """`status` says who is at work."""
    site.hosts["w1"].lease = THEIRS
    done = site.run(command)
    assert done.code in (0, 2)
    if command == "status":
        assert "leased to ann@laptop" in " ".join(done.out.split())


def test_a_lease_that_was_taken_since_the_look(site: FakeSite) -> None:
    """The payload finds it: nothing is done there, what was done elsewhere is said."""
    host = site.hosts["w1"]
    host.delivered = lambda incoming: setattr(host, "lease", THEIRS)
    done = site.run("apply", "--yes")
    assert done.code == 4
    assert "failed: w1: another apply is at work: ann@laptop" in done.out
    assert "--steal-lease takes it over" in done.out
    assert "w1: nothing done" in done.out
    assert "w2: all" in done.out
    assert host.done == []
    assert host.lease == THEIRS


def test_it_can_be_stolen(site: FakeSite) -> None:
    """Only when asked for; it is free afterwards."""
    site.hosts["w1"].lease = THEIRS
    site.apply("--steal-lease")
    assert site.hosts["w1"].lease is None


def test_one_that_has_run_out_does_not_count(site: FakeSite) -> None:
    """Its holder is gone."""
    site.hosts["w1"].lease = (*THEIRS[:2], int(time.time()) - 1)
    site.apply()
    assert site.hosts["w1"].lease is None


def test_ones_own_lease_does_not_lock_one_out(site: FakeSite) -> None:
    """After a crash: the same user, computer and state folder."""
    site.hosts["w1"].faults["k_unit containerd.service"] = "no"
    site.run("apply", "--yes")
    host = site.hosts["w1"]
    host.faults.clear()
    session_owner = site.owner
    host.lease = ("an-earlier-run", session_owner, SOON)
    site.apply()
    assert host.lease is None


def test_a_failed_payload_gives_it_back(site: FakeSite) -> None:
    """Others need not wait for a quarter of an hour."""
    site.hosts["w1"].faults["k_unit containerd.service"] = "no"
    assert site.run("apply", "--yes").code == 1
    assert site.hosts["w1"].lease is None


@pytest.mark.parametrize("command", ["apply", "reset"])
def test_two_runs_on_one_controller(site: FakeSite, command: str) -> None:
    """The state folder is locked while one is at work."""
    with StateDir(site.state).lock(datetime.now(UTC)):
        done = site.run(command, "--yes")
    assert done.code == 4
    assert "another run is at work on this cluster: process" in done.err
    assert not any(host.done for host in site.hosts.values())


def test_a_reset_respects_leases(site: FakeSite) -> None:
    """The others are reset, the leased one is named."""
    site.apply()
    site.hosts["w1"].lease = THEIRS
    done = site.run("reset", "--yes")
    assert done.code == 4
    assert "w1: another apply is at work: ann@laptop" in done.err
    assert site.hosts["w1"].is_owned
    assert not site.hosts["w2"].is_owned
    assert site.run("reset", "--yes", "--steal-lease").code == 0
