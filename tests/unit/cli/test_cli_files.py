"""Commands that write files or print documents: init, schema, render, local."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kprov.machines import lifecycle
from kprov.machines.values import Listed
from tests.unit.engine.fake_site import FakeSite


class TestInit:
    """An inventory to start from."""

    def test_it_is_an_inventory_that_works(self, site: FakeSite) -> None:
        """Every other command takes it as it is."""
        file = site.folder / "new" / "inventory.yaml"
        done = site.main(
            "init", file, "--control-plane", "cp1=192.0.2.11", "--worker", "w1=192.0.2.21",
            "--name", "demo", "--mirror", f"file://{site.mirror}", "--kubernetes", "v1.36.2",
        )  # fmt: skip
        assert done.code == 0
        assert f"written: {file}" in done.err
        assert site.main("render", file, "w1").code == 0

    def test_nothing_is_overwritten(self, site: FakeSite) -> None:
        """Unless asked for."""
        before = site.inventory.read_text()
        done = site.main("init", site.inventory)
        assert done.code == 3
        assert "this file exists already" in done.err
        assert site.inventory.read_text() == before
        assert site.main("init", site.inventory, "--force").code == 0
        assert site.inventory.read_text() != before

    def test_on_standard_output(self, site: FakeSite) -> None:
        """For pipes; notes stay out of it."""
        done = site.main("init", "-")
        assert done.out.startswith("#")
        assert "cluster:" in done.out
        assert done.err == ""


def test_schema(site: FakeSite) -> None:
    """A JSON Schema document."""
    done = site.main("schema")
    assert done.code == 0
    assert json.loads(done.out)["$schema"].startswith("https://json-schema.org/")


class TestRender:
    """What a role does, without any host."""

    def test_resources_and_shell(self, site: FakeSite) -> None:
        """Place in the role, expected state, the call; nothing is connected to or written."""
        done = site.run("render", "w1", "kubelet")
        assert "roles/kubelet/tasks.yaml:" in done.out
        assert "$ k_tried_unit --help kubelet.service yes yes no" in done.out
        assert "restart_on: file:/etc/systemd/system/kubelet.service" in done.out
        assert site.transports == []
        assert not site.state.exists()

    def test_one_file(self, site: FakeSite) -> None:
        """As it will be on the host."""
        done = site.run("render", "w1", "--file", "/etc/systemd/system/kubelet.service")
        assert done.out.startswith("[Unit]\n")
        done = site.run("render", "w1", "--file", "/nowhere")
        assert done.code == 3
        assert "no file /nowhere on this host" in done.err


class TestLocal:
    """`kprov local`, as far as the command line goes."""

    def test_an_inventory_of_real_machines_is_refused(self, site: FakeSite) -> None:
        """Nothing is booted because of a wrong file name."""
        done = site.main("local", "up", site.inventory)
        assert done.code == 3
        assert "this inventory is not of local machines" in done.err

    def test_list_and_ssh(self, site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
        """Names that several clusters have need the cluster's."""
        machines = tuple(
            Listed(name, "n1", f"192.0.2.{number}", "running", 7, "")
            for number, name in enumerate(("one", "two"))
        )
        monkeypatch.setattr(lifecycle, "listing", lambda cache: machines)
        done = site.main("local", "list")
        assert "one      n1       192.0.2.0  running  7" in done.out
        assert len(json.loads(site.main("local", "list", "-o", "json").out)["machines"]) == 2
        called: list[list[str]] = []
        monkeypatch.setattr("os.execvp", lambda file, words: called.append(words))
        done = site.main("local", "ssh", "n1")
        assert done.code == 3
        assert "there are: one/n1, two/n1" in done.err
        site.main("local", "ssh", "two/n1", "uptime", "-p")
        assert called[0][0] == "ssh"
        assert called[0][-3:] == ["root@192.0.2.1", "uptime", "-p"]

    def test_local_machines_are_reached_with_their_own_key(
        self, site: FakeSite, cache: Path
    ) -> None:
        """As root; a key that the inventory names wins."""
        site.write("cp1", cluster="  local: {}\n")
        site.run("plan")
        (transport,) = site.transports
        connection = transport.host.connection
        assert connection.user == "root"
        assert str(connection.private_key_file).startswith(str(cache))
        site.write("cp1", cluster="  local: {}\n", node_vars={"ansible_ssh_private_key_file": "/k"})
        site.run("plan")
        assert site.transports[0].host.connection.private_key_file == "/k"
