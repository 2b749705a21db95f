"""Roles of the user's own: beside the inventory, hooked before and after the shipped ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.engine.fake_site import FakeSite


def role(site: FakeSite, name: str, tasks: str, **files: str) -> None:
    """A role beside the inventory; `files` by path with `__` for slashes and dots left in."""
    folder = site.folder / "roles" / name
    for path, text in {"tasks.yaml": tasks, **files}.items():
        file = folder / path.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def rendered(site: FakeSite, host: str) -> list[dict[str, Any]]:
    done = site.run("render", host, "-o", "json")
    assert done.code == 0, done.err
    return list(json.loads(done.out)["resources"])


def test_hooks_run_before_and_after_their_phase(site: FakeSite) -> None:
    """On the phase's hosts only, in that order."""
    role(site, "first", "- file: {path: /etc/first, content: x}\n")
    role(site, "last", "- file: {path: /etc/last, content: x}\n")
    site.write(
        "cp1", "w1", cluster="  roles: {before: {runtime: [first]}, after: {control: [last]}}\n"
    )
    names = [resource["id"] for resource in rendered(site, "cp1")]
    assert names.index("file:/etc/last") > names.index("wait:kube-scheduler serves")
    assert names.index("file:/etc/first") < names.index("unit:containerd.service")
    worker = [resource["id"] for resource in rendered(site, "w1")]
    assert "file:/etc/first" in worker
    assert "file:/etc/last" not in worker


def test_a_role_beside_the_inventory_wins(site: FakeSite) -> None:
    """It replaces the shipped role of its name; the others stay."""
    role(site, "os", "- module: {name: mine}\n")
    resources = rendered(site, "w1")
    assert [its["id"] for its in resources if its["role"] == "os"] == ["module:mine"]
    assert str(site.folder) in resources[0]["source"]
    assert any(its["role"] == "kubelet" for its in resources)


def test_its_whole_life(site: FakeSite) -> None:
    """Applied, unchanged, changed, drifted."""
    tasks = """\
- directory: {path: /etc/app}
- file: {path: /etc/app/app.conf, template: app.j2}
  as: config
- unit: {name: app.service, template: app.service.j2}
  restart_on: [config]
- command: {run: "app init", unless: "app is-initialised"}
- wait: {name: app answers, run: "app ping", unit: app.service}
"""
    role(site, "app", tasks, **{
        "templates__app.j2": "level={{ level }} on {{ facts.hostname }}\n",
        "templates__app.service.j2": "[Service]\nExecStart=/bin/app\n",
        "defaults.yaml": "level: 1\n",
    })  # fmt: skip
    site.write("cp1", "w1", cluster="  roles: {after: {node: [app]}}\n")
    site.apply()
    host = site.hosts["w1"]
    assert host.paths["/etc/app/app.conf"].data == b"level=1 on w1\n"
    assert site.run("plan").code == 0
    role(site, "app", tasks, **{"defaults.yaml": "level: 2\n"})
    plan = site.run("plan")
    assert plan.code == 2
    assert "+level=2 on w1" in plan.out
    assert "restart, because of file:/etc/app/app.conf" in plan.out
    assert "? wait:app answers" in plan.out
    starts = host.units["app.service"].starts
    site.apply()
    assert host.units["app.service"].starts == starts + 1
    host.met.discard("app is-initialised")
    plan = site.run("plan")
    assert "run: app init" in plan.out


def test_alternatives_that_exclude_each_other(site: FakeSite) -> None:
    """The same file by one of two tasks, as the host's facts say: no conflict."""
    role(site, "app", """\
- file: {path: /etc/app, content: one}
  when: facts.cgroup == 'v1'
- file: {path: /etc/app, content: two}
  when: facts.cgroup != 'v1'
""")  # fmt: skip
    site.write("cp1", "w1", cluster="  roles: {after: {os: [app]}}\n")
    site.hosts["w1"].facts["cgroup"] = "v1"
    site.apply()
    assert site.hosts["w1"].paths["/etc/app"].data == b"one"
    assert site.hosts["cp1"].paths["/etc/app"].data == b"two"
    assert site.run("plan").code == 0


@pytest.mark.parametrize(
    "task",
    [
        "file: {path: /etc/modules-load.d/kprov.conf, content: mine}",
        "sysctl: {name: net.ipv4.ip_forward, value: 0}",
        "wait: {name: etcd is healthy, run: 'true'}",
        "unit: {name: kubelet.service, running: false}",
    ],
)
def test_two_roles_that_want_something_differently(site: FakeSite, task: str) -> None:
    """Refused with both places, before anything is changed; alike is fine."""
    role(site, "app", f"- {task}\n")
    site.write("cp1", "w1", cluster="  roles: {after: {addons: [app], os: [app]}}\n")
    done = site.run("apply", "--yes")
    assert done.code == 3
    assert "is wanted differently by" in done.err
    assert "roles/app/tasks.yaml:1" in done.err
    assert not site.hosts["cp1"].done


@pytest.mark.parametrize(
    ("tasks", "what"),
    [
        ("- fiel: {path: /a}\n", "app/tasks.yaml:1: unknown kind or keyword `fiel`"),
        ("- module: {name: '{{ nope }}'}\n", "app/tasks.yaml:1: `nope` is not defined"),
        ("- file: {path: /a, content: '{{ facts.nope }}'}\n", "app/tasks.yaml:1: this mapping has"),
        ("- file: {path: /a, template: b.j2}\n", "app/tasks.yaml:1: no template `b.j2`"),
        ("- artifact: {name: etc, path: /a}\n", "app/tasks.yaml:1: there is no artefact 'etc'"),
        ("- certificate: {name: x, cert: /a, key: /b}\n", "tasks.yaml:1: there is no certificate"),
        ("- authority: {name: etc, cert: /a}\n", "tasks.yaml:1: there is no authority 'etc'"),
        ("- kubeconfig: {path: /a, certificate: x, server: y}\n", "tasks.yaml:1: there is no cert"),
        ("- image: {archive: x.tar}\n", "tasks.yaml:1: x.tar is not in `cluster.images`"),
        ("- unit: {name: a}\n  restart_on: 'file:/x'\n", "unit:a restarts on file:/x, which"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_role_is_wrong_input(site: FakeSite, tasks: str, what: str) -> None:
    """Exit 3, file and line, nothing touched."""
    role(site, "app", tasks)
    site.write("cp1", "w1", cluster="  roles: {after: {os: [app]}}\n")
    done = site.run("apply", "--yes")
    assert done.code == 3, done.err
    assert what in done.err
    assert not any(host.done for host in site.hosts.values())
    assert not (site.state / "pki").exists()


def test_all_roles_problems_come_at_once(site: FakeSite) -> None:
    """A missing role and a broken one."""
    role(site, "app", "- fiel: {path: /a}\n- file: {pth: /a}\n")
    site.write("cp1", cluster="  roles: {after: {os: [app, absent]}}\n")
    done = site.run("plan")
    assert done.code == 3
    assert "there is no role `absent`" in done.err
    assert done.err.rstrip().endswith("5 problems")


def test_an_unknown_phase(site: FakeSite) -> None:
    """The phases are named."""
    role(site, "app", "- module: {name: x}\n")
    site.write("cp1", cluster="  roles: {after: {contrl: [app]}}\n")
    done = site.run("plan")
    assert done.code == 3
    assert "unknown phase 'contrl'" in done.err
    assert "did you mean control" in done.err.replace("`", "").replace("'", "")


def test_what_only_a_host_outside_the_limit_knows(site: FakeSite) -> None:
    """Its address, say: an error that says so, not a crash and not a wrong file."""
    role(site, "app", "- file: {path: /etc/peers, content: '{{ peers[0].address }}'}\n")
    site.write("cp1", "w1", cluster="  roles: {after: {os: [app]}}\n")
    text = site.inventory.read_text().replace("192.0.2.11", "cp1.example").replace(
        "192.0.2.21", "w1.example"
    )  # fmt: skip
    site.inventory.write_text(text)
    assert site.run("plan").code == 2
    done = site.run("plan", "--limit", "w1")
    assert done.code == 3
    assert "the address of cp1" in done.err
    assert "--limit" in done.err
