"""Keys and passwords are shown nowhere: not in plans, renderings, journals or reports."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite

WORD = "correct-horse-battery"
ROLE = """\
- file: {path: /etc/app.conf, content: "password={{ app_password }}", mode: "0600", secret: true}
  as: config
- file: {path: /etc/app.txt, content: "user={{ inventory_user }}"}
"""


@pytest.fixture
def secretive(site: FakeSite) -> FakeSite:
    """A role of the user's own with a secret file."""
    site.write(
        "cp1", "w1", cluster="  roles: {after: {os: [app]}}\n",
        node_vars={"app_password": WORD, "inventory_user": "ann", "ansible_become_password": WORD},
    )  # fmt: skip
    folder = site.folder / "roles" / "app"
    folder.mkdir(parents=True)
    (folder / "tasks.yaml").write_text(ROLE)
    return site


def key_material(folder: Path) -> list[str]:
    """Pieces of every private key there is in the state folder, also as kubeconfigs hold them."""
    pieces = []
    for path in (folder / "pki").rglob("*.key"):
        text = path.read_text()
        body = "".join(re.findall(r"^[A-Za-z0-9+/=]+$", text, re.MULTILINE))
        encoded = base64.b64encode(text.encode()).decode()
        pieces += [body[64:96] if len(body) > 96 else body[-32:], encoded[-50:-10]]
    assert len(pieces) > 20
    return pieces


def test_nothing_secret_is_said(secretive: FakeSite) -> None:
    """Every command that reports, as text and as JSON, before and after, with drift."""
    site = secretive
    plan_file = site.folder / "plan.json"
    said = []
    for words in (["plan"], ["plan", "-o", "json"], ["plan", "-o", str(plan_file)], ["check"],
                  ["render", "w1"], ["render", "w1", "app", "-o", "json"],
                  ["render", "cp1"], ["render", "cp1", "-o", "json"]):  # fmt: skip
        done = site.run(*words[:1], *words[1:])
        assert done.code in (0, 2), done.err
        said += [done.out, done.err]
    said.append(plan_file.read_text())
    done = site.run("apply", "--yes", "-v")
    said += [done.out, done.err]
    for path in ("/etc/app.conf", "/etc/app.txt", "/etc/kubernetes/admin.conf",
                 "/etc/kubernetes/pki/kube-apiserver.key"):  # fmt: skip
        site.hosts["cp1"].paths[path].data = f"stolen {WORD}".encode()
    for words in (["plan", "-v"], ["plan", "-o", "json"], ["status"], ["status", "-o", "json"]):
        done = site.run(*words[:1], *words[1:])
        assert done.code == 2
        said += [done.out, done.err]
    said.append((site.state / "journal.jsonl").read_text())
    plain_text_file = "-stolen " + WORD
    everything = "\n".join(said).replace(plain_text_file, "")
    assert "/etc/app.conf" in everything
    assert "content " in everything
    assert WORD not in everything
    assert "PRIVATE KEY" not in everything
    for piece in key_material(site.state):
        assert piece not in everything


def test_a_plain_file_is_shown_as_a_diff(secretive: FakeSite) -> None:
    """The counterpart: without `secret: true` the change can be read."""
    site = secretive
    site.apply()
    site.hosts["cp1"].paths["/etc/app.txt"].data = b"user=bob"
    plan = site.run("plan")
    assert "-user=bob" in plan.out
    assert "+user=ann" in plan.out


def test_render_refuses_to_print_a_secret_file(secretive: FakeSite) -> None:
    """Only on the host is it to be read."""
    done = secretive.run("render", "w1", "app", "--file", "/etc/app.conf")
    assert done.code == 3
    assert "/etc/app.conf is secret" in done.err
    done = secretive.run("render", "w1", "app", "--file", "/etc/app.txt")
    assert done.out == "user=ann\n"


def test_the_wire_holds_no_secret_in_arguments(secretive: FakeSite) -> None:
    """Boot lines show up in process lists and in sudo's log; scripts only name digests."""
    site = secretive
    site.apply()
    for transport in site.transports:
        for _, boot in transport.calls:
            assert WORD not in boot
            assert "KEY" not in boot
