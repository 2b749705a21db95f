"""Changes of a host: the difference, restart reasons, guards that may turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kprov.core.diff import diff
from kprov.core.order import changes_of, with_inputs
from kprov.model.change import Action
from kprov.model.errors import InputError
from kprov.model.resource import Resource
from kprov.ui.change_words import describe, is_restart
from tests.unit.core.builders import facts, resource

RUNNING = {"enabled": True, "running": True, "loaded": True}


def unit(*restart_on: str) -> Resource:
    return Resource("unit", "etcd.service", RUNNING, restart_on=restart_on, role="role")


def test_nothing_to_do_is_no_change() -> None:
    """What is as it should be does not appear."""
    its = resource("sysctl:a", {"value": "1"})
    assert diff(its, facts({its.id: {"value": "1", "other": "x"}})) is None


def test_an_update_names_the_keys_that_differ() -> None:
    """Only those."""
    its = resource("file:/a", {"mode": "0644", "owner": "root"})
    change = diff(its, facts({its.id: {"mode": "0600", "owner": "root"}}))
    assert change is not None
    assert (change.action, change.keys) == (Action.UPDATE, ("mode",))


def test_what_must_not_exist_is_removed() -> None:
    """`expected` None."""
    its = Resource("file", "/a", None)
    change = diff(its, facts({its.id: {"mode": "0600"}}))
    assert change is not None
    assert change.action is Action.REMOVE


def test_an_id_that_was_not_looked_at_is_no_absence() -> None:
    """It is an error of kprov's own, and loud."""
    with pytest.raises(KeyError):
        diff(resource("file:/a"), facts({}))


def test_a_unit_restarts_because_of_what_changes_before_it() -> None:
    """The reason is in the plan."""
    config, its = with_inputs([resource("file:/c", {"sha256": "2"}), unit("file:/c")])
    seen = facts({"file:/c": {"sha256": "1"}, its.id: dict(its.expected or {})})
    _, restart = changes_of([config, its], seen)
    assert (restart.action, restart.because) == (Action.RESTART, ("file:/c",))


def test_a_restart_that_was_due_is_still_due_after_an_interruption() -> None:
    """The file is right by now, but the unit was started from another one."""
    config, its = with_inputs([resource("file:/c", {"sha256": "2"}), unit("file:/c")])
    seen = facts({"file:/c": {"sha256": "2"}, its.id: {**RUNNING, "inputs": "of-another-file"}})
    (restart,) = changes_of([config, its], seen)
    assert (restart.action, restart.because) == (Action.RESTART, ())


def test_a_stopped_unit_is_started_without_further_reason() -> None:
    """`running` differs."""
    (its,) = with_inputs([unit()])
    seen = facts({its.id: {**dict(its.expected or {}), "running": False}})
    (change,) = changes_of([its], seen)
    assert (change.action, change.keys) == (Action.UPDATE, ("running",))


def told(*reload_on: str) -> Resource:
    return Resource("unit", "proxy.service", RUNNING, reload_on=reload_on, role="role")


def test_a_unit_reloads_because_of_what_changes_before_it() -> None:
    """It goes on running: no restart."""
    config, its = with_inputs([resource("file:/c", {"sha256": "2"}), told("file:/c")])
    before = {**dict(its.expected or {}), "reloaded": "of-another-file"}
    _, change = changes_of([config, its], facts({"file:/c": {"sha256": "1"}, its.id: before}))
    assert (change.action, change.keys) == (Action.UPDATE, ("reloaded",))
    assert change.because == ("file:/c",)
    assert not is_restart(change)
    assert describe(change) == "reload, because of file:/c"


def test_a_reload_that_was_due_is_still_due() -> None:
    """As restarts are."""
    config, its = with_inputs([resource("file:/c", {"sha256": "2"}), told("file:/c")])
    before = {**dict(its.expected or {}), "reloaded": "of-another-file"}
    (change,) = changes_of([config, its], facts({"file:/c": {"sha256": "2"}, its.id: before}))
    assert describe(change) == "reload, because what it has read has changed since"


def test_a_restart_makes_a_reload_needless() -> None:
    """Both are due: it is started anew, and reads its configuration then."""
    (its,) = with_inputs([told()])
    its = replace(its, reload_on=("file:/c",), restart_on=("file:/u",))
    config, file = resource("file:/c", {"sha256": "2"}), resource("file:/u", {"sha256": "2"})
    *_, its = with_inputs([config, file, its])
    before = {**RUNNING, "inputs": "old", "reloaded": "old"}
    seen = facts({"file:/c": {"sha256": "1"}, "file:/u": {"sha256": "1"}, its.id: before})
    *_, change = changes_of([config, file, its], seen)
    assert is_restart(change)
    assert describe(change) == "restart, because of file:/u"


def test_restart_on_an_unknown_id_says_where() -> None:
    """Not a KeyError."""
    with pytest.raises(InputError, match="file:/nope"):
        with_inputs([unit("file:/nope")])


def test_one_thing_has_one_owner() -> None:
    """Two declarations of one id on a host are refused."""
    with pytest.raises(InputError, match="declared twice"):
        with_inputs([resource("file:/a"), resource("file:/a", {"value": "2"})])


@pytest.mark.parametrize("kind", ["wait", "command"])
def test_a_guard_may_turn_when_its_role_changes_something(kind: str) -> None:
    """True now, but to be tested again: `?`."""
    its = resource(f"{kind}:ready", {"met": True})
    seen = facts({"file:/c": None, its.id: {"met": True}})
    _, guard = changes_of([resource("file:/c"), its], seen)
    assert guard.action is Action.MAYBE


def test_a_guard_that_holds_is_no_change_when_nothing_else_is() -> None:
    """A second apply has nothing to do."""
    its = resource("wait:ready", {"met": True})
    assert changes_of([its], facts({its.id: {"met": True}})) == ()


def test_a_guard_of_another_role_is_not_touched() -> None:
    """Roles do not disturb each other."""
    its = resource("wait:ready", {"met": True}, role="other")
    seen = facts({"file:/c": None, its.id: {"met": True}})
    assert [c.id for c in changes_of([resource("file:/c"), its], seen)] == ["file:/c"]
