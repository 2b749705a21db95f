"""Exit codes, and what is on which stream."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kprov.model.errors import TransportError
from kprov.model.secret import Secret
from tests.unit.engine.fake_site import FakeSite


class Answer:
    """A terminal where somebody types this."""

    def __init__(self, text: str, *, terminal: bool = True) -> None:
        self._text = text
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def readline(self) -> str:
        return f"{self._text}\n"


def break_nothing(site: FakeSite) -> None:
    pass


def applied(site: FakeSite) -> None:
    site.apply()


def drifted(site: FakeSite) -> None:
    site.apply()
    site.hosts["w1"].sysctls["net.ipv4.ip_forward"] = "0"


def unreachable(site: FakeSite) -> None:
    site.unreachable["w1"] = TransportError("port 22 is closed", where="w1")


def unfit(site: FakeSite) -> None:
    site.hosts["w1"].facts["memory_mb"] = "100"


def broken_yaml(site: FakeSite) -> None:
    site.inventory.write_text("a: [\n")


def missing(site: FakeSite) -> None:
    site.inventory.unlink()


def failing(site: FakeSite) -> None:
    site.hosts["w1"].faults["k_unit containerd.service"] = "no"


@pytest.mark.parametrize(
    ("situation", "command", "code"),
    [
        (break_nothing, "plan", 2), (applied, "plan", 0), (drifted, "plan", 2),
        (break_nothing, "status", 2), (applied, "status", 0), (drifted, "status", 2),
        (break_nothing, "check", 0), (applied, "check", 0), (unfit, "check", 1),
        (unfit, "apply --yes", 1), (unfit, "plan", 2),
        (unreachable, "plan", 1), (unreachable, "status", 1), (unreachable, "check", 1),
        (unreachable, "apply --yes", 1), (unreachable, "reset --yes", 1),
        (failing, "apply --yes", 1), (applied, "apply --yes", 0), (drifted, "apply --yes", 0),
        (applied, "reset --yes", 0), (break_nothing, "reset --yes", 0),
        (broken_yaml, "plan", 3), (broken_yaml, "check", 3), (broken_yaml, "apply --yes", 3),
        (broken_yaml, "status", 3), (broken_yaml, "reset --yes", 3), (broken_yaml, "render w1", 3),
        (broken_yaml, "kubeconfig", 3), (broken_yaml, "verify", 3),
        (missing, "apply --yes", 3), (missing, "plan", 3),
        (break_nothing, "plan --limit nobody", 3), (break_nothing, "render nobody", 3),
        (break_nothing, "render w1 nothing", 3), (break_nothing, "render w1", 0),
        (break_nothing, "kubeconfig", 3), (applied, "kubeconfig", 0), (break_nothing, "verify", 3),
        (applied, "kubeconfig --user ann --ttl soon", 3), (applied, "kubeconfig --group dev", 3),
        (applied, "kubeconfig --user ann --ttl 0h", 3), (applied, "kubeconfig --user ann", 0),
        (applied, "kubeconfig --user ann --ttl 99999999999d", 3),
    ],
)  # fmt: skip
def test_exit_codes(
    site: FakeSite, situation: Callable[[FakeSite], None], command: str, code: int
) -> None:
    """What pipelines decide by. Errors go to standard error and start with `error:`."""
    situation(site)
    name, *words = command.split()
    done = site.main(name, site.inventory, *words)
    assert done.code == code, done.err
    assert "Traceback" not in done.err
    if code == 3:
        assert done.err.count("error: ") == 1
        assert done.out == ""


class TestQuestions:
    """Nothing is changed without a yes."""

    @pytest.mark.parametrize("command", ["apply", "reset"])
    def test_without_a_terminal_only_yes_is_an_answer(
        self, site: FakeSite, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        """Exit 3 and the option that is missing; nothing touched."""
        monkeypatch.setattr("sys.stdin", Answer("y", terminal=False))
        done = site.run(command)
        assert done.code == 3
        assert "there is no terminal to ask on\n    add --yes" in done.err
        assert not any(host.done for host in site.hosts.values())

    @pytest.mark.parametrize("command", ["apply", "reset"])
    @pytest.mark.parametrize("answer", ["n", "", "maybe", "yess"])
    def test_anything_but_yes_is_no(
        self, site: FakeSite, monkeypatch: pytest.MonkeyPatch, command: str, answer: str
    ) -> None:
        """Exit 1; nothing touched."""
        monkeypatch.setattr("sys.stdin", Answer(answer))
        done = site.run(command)
        assert done.code == 1
        assert "the answer was no\n    nothing was touched" in done.err
        assert not any(host.done for host in site.hosts.values())

    @pytest.mark.parametrize("answer", ["y", "YES", " yes "])
    def test_yes(self, site: FakeSite, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
        """The plan was shown before."""
        monkeypatch.setattr("sys.stdin", Answer(answer))
        done = site.run("apply")
        assert done.code == 0
        assert "Apply this plan? [y/N]" in done.err
        assert "unit:kubelet.service" in done.err

    def test_the_sudo_password_needs_a_terminal_too(
        self, site: FakeSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Or its environment variable."""
        monkeypatch.setattr("sys.stdin", Answer("y", terminal=False))
        done = site.run("plan", "-K")
        assert done.code == 3
        assert "KPROV_BECOME_PASSWORD" in done.err

    def test_the_sudo_password_reaches_the_connections(
        self, site: FakeSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of every host, and is shown nowhere."""
        monkeypatch.setattr("sys.stdin", Answer("", terminal=True))
        monkeypatch.setattr("getpass.getpass", lambda prompt, stream: "hunter2")
        done = site.run("plan", "-K", "-v")
        assert done.code == 2
        secrets = {its.host.connection.become_password for its in site.transports}
        assert secrets == {Secret("hunter2")}
        assert "hunter2" not in done.out + done.err

    def test_nothing_to_do_asks_nothing(
        self, site: FakeSite, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also in CI, also without --yes."""
        site.apply()
        monkeypatch.setattr("sys.stdin", Answer("n", terminal=False))
        done = site.run("apply")
        assert done.code == 0
        assert "[y/N]" not in done.err


@pytest.mark.parametrize("command", ["plan", "check", "status", "apply --yes", "render w1"])
@pytest.mark.parametrize("situation", [break_nothing, drifted])
def test_json_is_the_only_thing_on_standard_output(
    site: FakeSite, command: str, situation: Callable[[FakeSite], None]
) -> None:
    """One document, also after drift, also with warnings."""
    situation(site)
    site.hosts["w1"].facts["swap"] = "1"
    name, *words = command.split()
    done = site.run(name, *words, "-o", "json")
    assert isinstance(json.loads(done.out), dict)


def test_state_elsewhere(site: FakeSite, tmp_path: Path) -> None:
    """`--state` keeps the inventory's folder clean."""
    connector_state = site.state
    site.state_folder = tmp_path / "elsewhere"
    site.apply("--state", str(site.state_folder))
    assert (site.state_folder / "kubeconfig").is_file()
    assert not connector_state.exists()
