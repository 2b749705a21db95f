"""A plan's digest: the same for the same work, whoever computes it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.engine.fake_site import FakeSite

PROGRAM = """
from pathlib import Path
from kprov.engine.desired import make_plan
from tests.golden.world import looked_at_nothing, product, world
its = looked_at_nothing(world(Path("inventories/local-workers.yaml"), [], {}))
print(make_plan(product(its), its, its.inventory.members).digest)
"""


def digest(site: FakeSite) -> str:
    done = site.run("plan", "-o", "json")
    return str(json.loads(done.out)["digest"])


def test_it_does_not_depend_on_the_process() -> None:
    """Neither on the order of sets nor on the time."""
    root = Path(__file__).parents[3]
    found = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=root, env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
    assert re.fullmatch(r"[0-9a-f]{64}\n", found.pop())


def test_it_does_not_depend_on_certificates(site: FakeSite) -> None:
    """Before the first apply every plan makes authorities of its own, and they are the same."""
    first = digest(site)
    assert not site.state.exists()
    assert digest(site) == first


def test_it_depends_on_what_would_be_done(site: FakeSite) -> None:
    """Another version, another host, drift."""
    first = digest(site)
    site.hosts["w1"].sysctls["net.ipv4.ip_forward"] = "1"
    second = digest(site)
    site.write("cp1", "w1")
    third = digest(site)
    assert len({first, second, third}) == 3


def test_a_renewed_certificate_is_a_change_but_not_a_new_digest(site: FakeSite) -> None:
    """The plan says that it is written anew; which bytes it will have does not matter."""
    site.apply()
    for path in (site.state / "pki").rglob("*kube-scheduler*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    plan = site.run("plan")
    assert plan.code == 2
    assert "scheduler.conf" in plan.out
    assert digest(site) == digest(site)


@pytest.mark.parametrize("command", ["apply"])
def test_the_digest_is_reported_by_apply(site: FakeSite, command: str) -> None:
    """So that a pipeline can hold both against each other."""
    planned = digest(site)
    done = site.run(command, "--yes", "-o", "json")
    assert json.loads(done.out)["plan"] == planned
