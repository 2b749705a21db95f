"""Whole applies on fake hosts: round trips, drift, failures, what depends on what."""

from __future__ import annotations

import hashlib
import json

import pytest

from kprov.engine.phases import PHASES
from kprov.model.errors import TransportError
from kprov.transport.base import ConnectionLostError, RemoteExitError
from tests.unit.engine.fake_host import EndEarly, FakePath
from tests.unit.engine.fake_site import FakeSite


class TestRoundTrips:
    """SSH channels are counted, so that they cannot creep."""

    def test_a_fresh_cluster_and_then_nothing_to_do(self, site: FakeSite) -> None:
        """A look, a test of what is reached, a delivery, at most a payload for each phase; then
        one look each."""
        site.apply()
        most = 1 + 1 + 1 + len(PHASES)
        assert all(2 < count <= most for count in site.channels.values())
        done = site.apply()
        assert site.channels == {"cp1": 1, "w1": 1, "w2": 1}
        assert "No changes" in done.err
        assert "0 changes" in done.out

    def test_one_machine_needs_four_channels(self, site: FakeSite) -> None:
        """Look, etcd's disk, delivery, and everything in one payload: nobody else waits."""
        site.write("cp1")
        site.apply()
        assert site.channels == {"cp1": 4}

    def test_three_control_planes(self, site: FakeSite) -> None:
        """etcd forms together; then the hosts have nothing to do."""
        site.write("cp1", "cp2", "cp3", "w1")
        site.apply()
        assert max(site.channels.values()) <= 3 + len(PHASES)
        site.apply()
        assert set(site.channels.values()) == {1}

    def test_hosts_that_pull_need_no_delivery(self, site: FakeSite) -> None:
        """They download for themselves."""
        site.write("cp1")
        text = site.inventory.read_text().replace("mirror: 'file", "delivery: pull, mirror: 'file")
        site.inventory.write_text(text)
        site.apply()
        assert site.channels == {"cp1": 3}

    def test_read_only_commands_look_once(self, site: FakeSite) -> None:
        """`check` a second time, for what hosts reach; nothing is left behind, there or here."""
        for command, channels in (("check", 2), ("plan", 1), ("status", 1)):
            assert site.run(command).code in (0, 2)
            assert site.channels == {"cp1": channels, "w1": channels, "w2": channels}
        assert not any(host.is_owned or host.done for host in site.hosts.values())
        assert not site.state.exists()

    def test_a_new_host_is_tried_with_its_neighbours(self, site: FakeSite) -> None:
        """Others take no part: they are looked at, and learn the way to its pods."""
        site.apply()
        site.write("cp1", "w1", "w2", "w3")
        site.apply()
        assert site.channels["w1"] == site.channels["w2"] == 2
        assert site.channels["w3"] >= 4
        site.apply()
        assert set(site.channels.values()) == {1}

    def test_a_firewall_between_new_hosts_is_refused(self, site: FakeSite) -> None:
        """With everything else that is wrong, and nothing is touched."""
        site.hosts["w1"].facts |= {"fake_reach": "silent", "arch": "mips"}
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert "port 6443 (the API) cannot be reached from w1: no answer" in done.err
        assert "architecture mips" in done.err
        assert not any(host.is_owned for host in site.hosts.values())
        assert site.run("check").code == 1

    def test_a_limit_leaves_the_others_alone(self, site: FakeSite) -> None:
        """Neither connected to nor changed."""
        site.apply("--limit", "cp1")
        assert set(site.channels) == {"cp1"}
        assert not site.hosts["w1"].is_owned


class TestDrift:
    """Changes made by hand are shown and repaired."""

    def test_each_is_seen_and_mended(self, site: FakeSite) -> None:
        """A file, a service, a sysctl, a certificate, a link; others stay as they are."""
        site.apply()
        host = site.hosts["w1"]
        unit_file = "/etc/systemd/system/kubelet.service"
        host.paths[unit_file].data = b"[Unit]\nDescription=mine\n"
        host.units["containerd.service"].running = False
        host.sysctls["net.ipv4.ip_forward"] = "0"
        del host.paths["/etc/kubernetes/pki/kubelet-serving.crt"]
        host.links["/usr/local/bin/kubelet"] = "/opt/kprov/kubernetes/v0/kubelet"
        starts = {name: unit.starts for name, unit in host.units.items()}
        plan = site.run("plan")
        assert plan.code == 2
        assert site.run("status").code == 2
        for words in (
            "-Description=mine", "unit:containerd.service", "start, because it does not run",
            "value 0 -> 1", "kubelet-serving.crt", "link /opt/kprov/kubernetes/v0/kubelet",
            "1 host",
        ):  # fmt: skip
            assert words in plan.out
        done = site.apply()
        assert set(site.channels) == {"cp1", "w1", "w2"}
        assert site.channels["cp1"] == 1
        assert "done" in done.out
        again = {name: unit.starts for name, unit in host.units.items()}
        changed = {name for name in starts if again[name] != starts[name]}
        assert changed == {"containerd.service", "kubelet.service"}
        assert site.run("plan").code == 0
        assert site.run("status").code == 0

    def test_a_file_that_changes_after_the_look_is_not_overwritten(self, site: FakeSite) -> None:
        """Somebody else is at work: stop, and say so."""
        host, path = site.hosts["w1"], "/etc/containerd/config.toml"

        def meddle(what: str) -> None:
            if what == f"k_file {path}":
                host.paths[path] = FakePath("644", "root", "root", b"theirs")

        host.before = meddle
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert f"failed: w1 file:{path}" in done.out
        assert "has changed since the plan was made" in done.out
        assert host.paths[path].data == b"theirs"


class TestFailures:
    """One host fails: what depends on it is not started, the others finish."""

    def test_a_worker(self, site: FakeSite) -> None:
        """Its change and its words are named; the other worker joins; add-ons wait."""
        site.hosts["w1"].faults["k_unit containerd.service"] = "does not start: no space left"
        done = site.run("apply", "--yes", "-o", "json")
        assert done.code == 1
        data = json.loads(done.out)
        bad = [step for step in data["steps"] if not step["ok"]]
        assert [step["host"] for step in bad] == ["w1"]
        results = {its["id"]: its for its in bad[0]["results"]}
        assert results["unit:containerd.service"]["outcome"] == "failed"
        assert results["unit:containerd.service"]["message"] == "does not start: no space left"
        assert list(results.values())[-1]["outcome"] == "not run"
        assert sorted(data["not_started"]) == ["labels+addons on cp1", "node on w1"]
        assert site.hosts["w2"].units["kubelet.service"].running
        assert "kubelet.service" not in site.hosts["w1"].units

    def test_the_control_plane_stops_everything_that_needs_it(self, site: FakeSite) -> None:
        """Workers get what does not depend on it, and no kubelet."""
        site.hosts["cp1"].faults["k_wait etcd is healthy"] = "not there after 120 s"
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert "failed: cp1 wait:etcd is healthy" in done.out
        for name in ("w1", "w2"):
            assert site.hosts[name].units["containerd.service"].running
            assert "kubelet.service" not in site.hosts[name].units

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            (EndEarly(), "the payload ended before its time"),
            (ConnectionLostError("the connection broke", where="w1"), "the connection broke"),
        ],
    )
    def test_a_payload_that_does_not_come_to_its_end(
        self, site: FakeSite, fault: Exception, words: str
    ) -> None:
        """What was reported until then counts as done, the rest is not known: next time."""
        host = site.hosts["w1"]
        host.faults["k_unit containerd.service"] = fault
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert f"failed: w1: {words}" in done.out
        assert "at unit:containerd.service" in done.out
        host.faults.clear()
        site.apply()
        assert site.run("plan").code == 0

    def test_the_next_apply_goes_on_where_it_stopped(self, site: FakeSite) -> None:
        """What was done is not done again; nothing is delivered twice."""
        host = site.hosts["w1"]
        host.faults["k_unit containerd.service"] = "no"
        site.run("apply", "--yes")
        first = list(host.done)
        host.faults.clear()
        site.apply()
        assert not set(first) & set(host.done[len(first) :])
        assert len(first) > 20

    def test_a_restart_that_was_due_is_not_forgotten(self, site: FakeSite) -> None:
        """The file is right by now, the unit still runs with the old one."""
        site.apply()
        host = site.hosts["w1"]
        host.paths["/etc/containerd/config.toml"].data = b"old"
        host.faults["k_unit containerd.service"] = "no"
        host.units["containerd.service"].inputs = "old"
        assert site.run("apply", "--yes").code == 1
        host.faults.clear()
        done = site.run("plan")
        assert "unit:containerd.service" in done.out
        starts = host.units["containerd.service"].starts
        site.apply()
        assert host.units["containerd.service"].starts == starts + 1

    def test_a_host_out_of_reach_stops_before_anything_is_touched(self, site: FakeSite) -> None:
        """All such hosts at once; `status` still tells of the others."""
        for name in ("w1", "w2"):
            site.unreachable[name] = TransportError("port 22 is closed", where=name, hint="sshd?")
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert "error: w1, w2: port 22 is closed\n    sshd?\n" in done.err
        assert "1 of 3 hosts were reached\n    nothing was touched; --skip-unreachable" in done.err
        assert not any(host.done for host in site.hosts.values())
        status = site.run("status")
        assert status.code == 1
        assert status.out.count("out of reach: port 22 is closed") == 2
        check = site.run("check")
        assert check.code == 1
        assert "3 hosts checked: 2 errors" in check.out

    def test_status_of_the_others_while_an_address_is_not_known(self, site: FakeSite) -> None:
        """An inventory of names only: the lost host's address is what the look would find."""
        text = site.inventory.read_text()
        for address, name in (("11", "cp1"), ("21", "w1"), ("22", "w2")):
            text = text.replace(f"192.0.2.{address}", f"{name}.example")
            site.hosts[name].facts["default_ip"] = f"192.0.2.{address}"
        site.inventory.write_text(text)
        site.apply()
        site.unreachable["w2"] = TransportError("port 22 is closed", where="w2")
        done = site.run("status")
        assert done.code == 1
        assert "out of reach: port 22 is closed" in done.out
        assert "cp1" in done.out
        assert "drift is not known while hosts are out of reach" in done.err

    def test_a_full_disk_during_the_delivery(self, site: FakeSite) -> None:
        """What tar said, on which host; the others go on."""

        def full(incoming: dict[str, int]) -> None:
            words = "tar: 0a1b: Cannot write: No space left on device"
            raise RemoteExitError("the script ended with 2", where="w1", status=2, stderr=words)

        site.hosts["w1"].delivered = full
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert "failed: w1: the script ended with 2" in done.out
        assert "No space left on device" in done.out
        assert "w1: nothing done" in done.out
        assert site.hosts["w2"].units["kubelet.service"].running

    def test_a_parcel_that_got_lost_is_noticed(self, site: FakeSite) -> None:
        """The host says so in its own words, and nothing is installed."""
        host = site.hosts["cp1"]
        host.before = lambda what: host.incoming.clear()
        done = site.run("apply", "--yes")
        assert done.code == 1
        assert "did not arrive: run apply again" in done.out


def test_what_is_delivered_is_what_the_catalogue_says(site: FakeSite) -> None:
    """The fake programs are their own names: each is installed under its own digest."""
    site.write("cp1")
    site.apply()
    host = site.hosts["cp1"]
    stamp = host.stamps["/opt/kprov/kubernetes/v1.36.2/.kubelet.stamp"]
    assert stamp.split()[0] == hashlib.sha256(b"kubelet").hexdigest()
    assert host.incoming == {}
    assert host.lease is None
    lock = (site.state / "kprov.lock").read_text()
    assert f"kubelet: {stamp.split()[0]}" in lock


def test_the_state_folder_is_private(site: FakeSite) -> None:
    """Folders 0700, files 0600; the journal tells what was done."""
    site.apply()
    for path in (site.state, *site.state.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path
    events = [json.loads(line)["event"] for line in (site.state / "journal.jsonl").open()]
    assert {event["event"] for event in events} == {"step-started", "change", "step-done"}
    assert {event["host"] for event in events} == {"cp1", "w1", "w2"}
