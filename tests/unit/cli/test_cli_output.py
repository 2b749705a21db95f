"""What a person sees: narrow terminals, -v, long plans, tables."""

from __future__ import annotations

import pytest

from tests.unit.engine.fake_site import FakeSite


def test_a_narrow_terminal(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty columns: paragraphs in place of a table."""
    site.apply()
    monkeypatch.setenv("COLUMNS", "40")
    done = site.run("status")
    table, _, _ = done.out.rpartition("\n" + done.out.splitlines()[-1])
    assert max(map(len, table.splitlines())) <= 40
    assert "  state: as it should be" in done.out


def test_status_tells_units_drift_and_certificates(site: FakeSite) -> None:
    """At a glance; then what differs, one line each."""
    site.apply()
    site.hosts["w1"].units["kubelet.service"].running = False
    done = site.run("status")
    assert "w1    3/4" in done.out
    assert "w1 unit:kubelet.service: start, because it does not run" in done.out
    assert "certificates; the first to end is " in done.out


def test_verbose_says_how_hosts_are_reached(site: FakeSite) -> None:
    """And every change; without it, only what is worth it."""
    quiet = site.run("apply", "--yes")
    assert "connecting to" not in quiet.err
    assert "sysctl:" not in quiet.err
    site.run("reset", "--yes")
    loud = site.run("apply", "--yes", "-v")
    assert "w1: connecting to 192.0.2.21" in loud.err
    assert "w1: looked in " in loud.err
    assert "w1: unit:kubelet.service ok" in loud.err


def test_diffs_can_be_left_out_and_are_cut(site: FakeSite) -> None:
    """A long file does not hide the rest of the plan."""
    site.apply()
    path = "/etc/kubernetes/kubelet.yaml"
    site.hosts["w1"].paths[path].data = b"".join(b"line %d\n" % n for n in range(300))
    plan = site.run("plan")
    assert "-line 17" in plan.out
    assert "more lines" in plan.out
    assert len(plan.out.splitlines()) < 80
    assert "-line 17" not in site.run("plan", "--no-diff").out


def test_a_failure_fits_one_screen(site: FakeSite) -> None:
    """Twenty workers that fail alike do not make twenty stories."""
    story = "containerd.service does not start: no\n" + "\n".join(f"l {n}" for n in range(18))
    for name in ("w1", "w2"):
        site.hosts[name].faults["k_unit containerd.service"] = story
    done = site.run("apply", "--yes")
    assert done.code == 1
    assert len(done.out.splitlines()) < 30
    assert done.out.count("l 17") == 1


def test_warnings_of_the_inventory_are_said_once(site: FakeSite) -> None:
    """On standard error."""
    site.write("cp1")
    done = site.run("plan")
    assert done.err.count("note: no host is in kube_node") == 1


def test_the_kubeconfig_of_the_state_folder(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed, written privately, merged into what is there."""
    site.apply()
    printed = site.run("kubeconfig").out
    assert "https://192.0.2.11:6443" in printed
    target = site.folder / "config"
    monkeypatch.setenv("KUBECONFIG", f":{target}:/elsewhere")
    assert site.run("kubeconfig", "--merge").code == 0
    assert site.run("kubeconfig", "--merge").code == 0
    assert target.read_text().count("server: ") == 1
    assert target.stat().st_mode & 0o077 == 0
    target.write_bytes(b"\xff\xfe")
    assert site.run("kubeconfig", "--merge").code == 3
