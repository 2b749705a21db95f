"""Images by name, in real shells, with a fake ctr and a fake systemd-run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.model.change import Action, Change
from kprov.model.resource import Resource
from kprov.model.result import ChangeResult, Outcome
from kprov.sh.kinds import KINDS
from tests.integration.shell.sandbox import SHELLS, Sandbox

FAKE_CTR = """#!/bin/sh
# A FAKE of ctr: for tests only. A pull of two images ends when both have begun.
cd {folder} || exit 70
case "$*" in
    '--connect-timeout 5s -n k8s.io images ls -q' | '--connect-timeout 2s -n k8s.io images ls -q')
        cat there 2>/dev/null; exit 0 ;;
    '-n k8s.io images pull --hosts-dir /etc/containerd/certs.d '*) shift 6 ;;
    *) echo "fake ctr: unknown: $*" >&2; exit 64 ;;
esac
case $1 in */missing:*) echo "$1: not found" >&2; exit 1 ;; esac
: >"began-${{1##*/}}"
tries=0
while [ "$(ls | grep -c '^began-')" -lt {together} ] && [ $tries -lt 100 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
[ $tries -lt 100 ] || {{ echo "the other one does not begin" >&2; exit 1; }}
echo "$1" >>there
"""
FAKE_SYSTEMD_RUN = """#!/bin/sh
# A FAKE of systemd-run: for tests only
file=EnvironmentFile=-/etc/kprov/proxy.env
case "$*" in
    "--quiet --no-block --collect --property=$file --setenv=PATH="*) ;;
    *) echo "fake systemd-run: unknown: $*" >&2; exit 64 ;;
esac
while [ "$1" != -- ]; do shift; done
shift
echo "$*" >>{folder}/started
"""


@pytest.fixture(params=SHELLS)
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    """Every test runs under dash, busybox and bash."""
    return Sandbox(tmp_path, SHELLS[request.param])


def fakes(sandbox: Sandbox, together: int) -> None:
    folder = sandbox.root / "sbin"
    folder.mkdir()
    for name, text in (("ctr", FAKE_CTR), ("systemd-run", FAKE_SYSTEMD_RUN)):
        (folder / name).write_text(text.format(folder=sandbox.root, together=together))
        (folder / name).chmod(0o755)


def pull(*images: str, block: bool = True) -> Resource:
    params = {"images": images, "block": block, "mark": "abc"}
    return Resource("pull", "images", {"present": True}, params)


def apply(sandbox: Sandbox, *resources: Resource) -> list[ChangeResult]:
    report = sandbox.apply([Change(resource, Action.CREATE) for resource in resources])
    return [line for line in report if isinstance(line, ChangeResult)]


def test_side_by_side(sandbox: Sandbox) -> None:
    """What is missing comes at the same time; what is there is not asked for."""
    fakes(sandbox, together=2)
    (sandbox.root / "there").write_text("docker.io/library/there:1\n")
    images = ("docker.io/library/a:1", "docker.io/library/there:1", "docker.io/library/b:1")
    (result,) = apply(sandbox, pull(*images))
    assert (result.outcome, result.message) == (Outcome.OK, "")
    assert sorted((sandbox.root / "there").read_text().split()) == sorted(images)
    assert sandbox.plan([pull(*images)]) == ()


def test_one_fails(sandbox: Sandbox) -> None:
    """It is named with the registry's words; the others are there all the same."""
    fakes(sandbox, together=1)
    (result,) = apply(sandbox, pull("docker.io/library/a:1", "docker.io/library/missing:1"))
    assert result.outcome is Outcome.FAILED
    assert "cannot be pulled" in result.message
    assert "docker.io/library/missing:1: not found" in result.message
    assert (sandbox.root / "there").read_text() == "docker.io/library/a:1\n"


def test_ahead_of_need(sandbox: Sandbox) -> None:
    """Only begun, once; it does not matter whether it comes."""
    fakes(sandbox, together=1)
    wanted = pull("docker.io/library/missing:1", block=False)
    (result,) = apply(sandbox, wanted)
    assert result.outcome is Outcome.OK
    started = (sandbox.root / "started").read_text()
    assert started.endswith("--hosts-dir /etc/containerd/certs.d docker.io/library/missing:1\n")
    assert sandbox.plan([wanted]) == ()
    assert "k_pull /var/lib/kprov/pulls/abc" in KINDS["pull"].write(Change(wanted, Action.CREATE))
