"""Passwords of registries and of the proxy: asked for by name, on nodes only, never shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.engine.fake_site import FakeSite

WORD = "correct-horse-battery"
ENV = "  containerd: {registries: {docker.io: {username: robot, password_env: HUB_PASSWORD}}}\n"
FILE = "  containerd: {registries: {docker.io: {username: robot, password_file: secret.txt}}}\n"


def without(site: FakeSite, cluster: str) -> None:
    site.write("cp1", "w1", cluster=cluster)
    (site.folder / "secret.txt").write_text("\n")


@pytest.mark.parametrize(
    ("cluster", "words"),
    [(ENV, "the environment variable HUB_PASSWORD is not set"), (FILE, "secret.txt is empty")],
)
def test_missing(site: FakeSite, cluster: str, words: str) -> None:
    """Exit 3, the variable is named, nothing is touched."""
    without(site, cluster)
    for command in (["plan"], ["apply", "--yes"], ["check"]):
        done = site.run(*command)
        assert done.code == 3, done.out + done.err
        assert words in done.err
        assert "docker.io" in done.err
    assert not any(host.done for host in site.hosts.values())


def test_not_needed_to_take_a_cluster_away(site: FakeSite) -> None:
    """Who resets does not pull."""
    without(site, ENV)
    assert site.run("reset", "--yes").code == 0


def from_env(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("cp1", "w1", cluster=ENV)
    monkeypatch.setenv("HUB_PASSWORD", WORD)


def from_file(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("cp1", "w1", cluster=FILE)
    (site.folder / "secret.txt").write_text(f"{WORD}\n")


def in_the_proxy(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write("cp1", "w1", cluster=f"  proxy: {{https: 'http://u:{WORD}@proxy.example:3128'}}\n")


@pytest.mark.parametrize("prepare", [from_env, from_file, in_the_proxy])
def test_on_nodes_and_nowhere_else(
    site: FakeSite,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[FakeSite, pytest.MonkeyPatch], None],
) -> None:
    """The file that has it is for root alone; no plan, rendering, journal or report does."""
    prepare(site, monkeypatch)
    saved = site.folder / "plan.json"
    said = [site.run("plan"), site.run("plan", "-o", "json"), site.run("plan", "-o", saved)]
    said += [site.run("render", "w1"), site.run("render", "w1", "-o", "json")]
    said.append(site.apply("-v"))
    for path in ("/etc/containerd/config.toml", "/etc/kprov/proxy.env"):
        if path in site.hosts["w1"].paths:
            site.hosts["w1"].paths[path].data = b"by hand"
    said += [site.run("plan"), site.run("status")]
    said.append(site.apply())
    texts = [done.out + done.err for done in said]
    texts += [path.read_text() for path in (saved, site.state / "journal.jsonl")]
    assert not any(WORD in text for text in texts)
    holding = {p: f for p, f in site.hosts["w1"].paths.items() if WORD in str(f.data)}
    assert holding
    assert {file.mode for file in holding.values()} == {"600"}
    assert site.run("plan").code == 0
