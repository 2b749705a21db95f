"""Applies that are killed, interrupted, cut off or doubled: the next one goes on from there."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import Running
from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.steps import converged, unchanged, verified

HOST, ADDRESS = "n1", "10.97.104.11"
# A role of the user's own that stands still until somebody lets it go on.
HOLD = """\
- command:
    run: touch /run/e2e-waits; until [ -e /run/e2e-go ]; do sleep 0.05; done; rm /run/e2e-waits
    unless: test -e /run/e2e-go
"""

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One machine, and three inventories of it: two stand still before a phase."""
    with machines(supply, "e2e-cut", {HOST: ADDRESS}) as site:
        role = site.directory / "roles/hold"
        role.mkdir(parents=True)
        (role / "tasks.yaml").write_text(HOLD)
        site.memory[HOST] = site.look(HOST)
        site.write(inventory(supply))
        site.write(inventory(supply, {"before": {"control": ["hold"]}}), "hold-control.yaml")
        site.write(inventory(supply, {"after": {"addons": ["hold"]}}), "hold-end.yaml")
        yield site


def inventory(supply: Supply, roles: object = None) -> dict[str, object]:
    """One machine with everything, and roles of the user's own."""
    return one_machine(
        supply.cluster("e2e-cut", local={}, roles=roles or {}), HOST, {"ansible_host": ADDRESS}
    )


def begin(site: Site, word: str) -> Running:
    """Start an apply, and return when it has written a word down that was not there before."""
    seen = site.journal.count(word)
    running = site.kprov.start("apply", site.inventory, "--yes")
    running.until(lambda: site.journal.count(word) > seen, f"{word} in the journal")
    return running


def held(site: Site, name: str) -> Running:
    """Start an apply of an inventory that stands still, and return when it does."""
    running = site.kprov.start("apply", name, "--yes")
    running.until(lambda: "yes" in site.run(HOST, "[ ! -e /run/e2e-waits ] || echo yes"), "hold")
    return running


def let_go(site: Site) -> None:
    """What stands still goes on; the next one stands still again."""
    site.run(HOST, """
        touch /run/e2e-go
        while [ -e /run/e2e-waits ]; do sleep 0.05; done
        rm /run/e2e-go
    """)  # fmt: skip


def somebody_else(site: Site) -> Path:
    """A copy of the state folder, as on another person's computer."""
    copy = site.directory / "somebody-else"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(site.state, copy)
    return copy


@pytest.mark.parametrize(
    "moment",
    ["step-started", "file:/etc/systemd/system/etcd.service"],
    ids=["while it delivers", "while it writes"],
)
def test_killed(site: Site, moment: str):
    """kprov is killed: what it wrote down until then can be read."""
    begin(site, moment).kill()
    assert all(json.loads(line) for line in site.journal.splitlines())
    site.kprov("plan", site.inventory, "--no-diff").exits(2).says("unit:kubelet.service")


def test_interrupted(site: Site):
    """Ctrl-C ends an apply at once with exit 130, and it says what was done and what was not."""
    running = held(site, "hold-control.yaml")
    running.process.send_signal(signal.SIGINT)
    done = running.end().exits(130)
    done.says(HOST, "changes done", "interrupted at command:touch /run/e2e-waits", "not reached")
    let_go(site)


def test_two_at_once(site: Site):
    """A second apply exits 4: by the lock of the state folder, or by the lease of the host."""
    running = held(site, "hold-control.yaml")
    site.kprov("apply", site.inventory, "--yes").exits(4).says("another", "process")
    copy = somebody_else(site)
    site.kprov("apply", site.inventory, "--yes", "--state", copy).exits(4).says(
        HOST, "another apply is at work", str(site.state), "--steal-lease"
    )
    site.kprov("reset", site.inventory, "--yes", "--state", copy).exits(4)
    site.kprov("status", site.inventory, "--state", copy).exits(2).says("leased to")
    running.kill()


def test_dead_lease(site: Site):
    """A lease whose owner was killed is taken over on request; its owner needs no request."""
    copy = somebody_else(site)
    site.kprov("apply", site.inventory, "--yes", "--state", copy).exits(4)
    let_go(site)
    site.kprov("plan", site.inventory, "--no-diff").exits(2)
    begin(site, "unit:kubelet.service").kill()  # while it waits for the node


def test_connection_cut(site: Site):
    """The SSH session is killed in the middle: exit 1, the host and what is left are named."""
    running = held(site, "hold-end.yaml")
    site.run(HOST, """
        for pid in $(pgrep -f 'sshd: root@notty'); do
            [ "$pid" = "$(ps -o ppid= -p $$ | tr -d ' ')" ] || kill -9 "$pid"
        done
    """, check=False)  # fmt: skip
    done = running.end().exits(1)
    done.says(HOST, "connection lost")
    let_go(site)


def test_converges(site: Site):
    """After all of that one apply ends what they began, and the cluster does its work."""
    converged(site)
    verified(site, "pod", "cluster-ip")
    status = site.kprov("status", site.inventory).exits(0)
    assert "leased" not in status.out


def test_saved_plan(site: Site):
    """A saved plan is applied as it was shown; without a question, for it was read."""
    site.run(HOST, "echo '# by hand' >>/etc/crictl.yaml; systemctl stop kube-scheduler.service")
    shown = site.kprov("plan", site.inventory, "-o", "plan.json").exits(2)
    shown.says("/etc/crictl.yaml", "unit:kube-scheduler.service", "kprov apply plan.json")
    site.kprov("apply", "plan.json").exits(0)
    unchanged(site)
    site.kprov("apply", "plan.json").exits(1).says("done or no longer wanted")


def test_stale_plan(site: Site):
    """A plan that no longer fits the host is refused, and nothing of it is done."""
    site.run(HOST, "systemctl stop kube-scheduler.service")
    site.kprov("plan", site.inventory, "-o", "stale.json").exits(2)
    site.run(HOST, "echo '# by hand' >>/etc/kubernetes/kubelet.yaml")
    done = site.kprov("apply", "stale.json").exits(1)
    done.says("stale.json", "kubelet.yaml was not in it", "kprov plan")
    assert site.run(HOST, "systemctl is-active kube-scheduler.service", check=False).strip() != (
        "active"
    )
    converged(site)


def test_reset_killed(site: Site):
    """A reset that was killed is ended by the next one."""
    running = site.kprov.start("reset", site.inventory, "--yes")
    stopped = "systemctl is-active --quiet kube-apiserver.service || echo stopped"
    running.until(lambda: "stopped" in site.run(HOST, stopped), "an apiserver that is stopped")
    running.kill()
    site.kprov("reset", site.inventory, "--yes").exits(0)
    site.look(HOST).same_as(site.memory[HOST])
