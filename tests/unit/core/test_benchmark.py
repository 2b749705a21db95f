"""The CIS benchmark on hosts as the shipped roles make them, and on hosts that somebody changed.

What a host would show is made from the roles: files with their modes and owners, the command
lines of units. On real machines the same is asserted by tests/e2e/test_e2e_15_hardening.py.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kprov.core.benchmark.judge import verdicts
from kprov.core.benchmark.table import CHECKS
from kprov.engine.desired import flat
from kprov.model.benchmark import PathState, Seen, Verdict
from kprov.model.facts import Facts
from kprov.model.resource import Resource
from tests.golden.world import resources, world

INVENTORIES = Path(__file__).parents[3] / "inventories"
RELEASES = ("v1.20.2", "v1.29.4", "v1.33.1", "v1.36.2", "v1.37.0")
CIS = ("cluster.hardening=cis",)
MODES_OF_UNITS = {"1.1.1", "1.1.3", "1.1.5", "1.1.7", "4.1.1"}


def command_line(unit: Resource) -> tuple[str, ...]:
    """The arguments that a unit file starts its program with."""
    assert unit.content is not None
    text = unit.content.data.decode().replace("\\\n", " ")
    found = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)
    return tuple(found[1].split()) if found else ()


@functools.cache
def shown(version: str, *overrides: str) -> tuple[Facts, Callable[[Facts], dict[str, Verdict]]]:
    """One machine as the roles make it, and how to judge it."""
    its = world(INVENTORIES / "local.yaml", [f"cluster.kubernetes={version}", *overrides], {})
    host = its.inventory.host("n1")
    programs, paths, contents, sums = {}, {}, {}, {}
    for resource in flat(resources(its, "n1")):
        if resource.kind not in ("file", "directory") or resource.expected is None:
            continue
        state = (str(resource.expected[key]) for key in ("mode", "owner", "group"))
        paths[resource.name] = PathState(*state)
        if resource.content is None:
            continue
        contents[resource.name] = resource.content.data
        sums[resource.name] = resource.content.sha256
        if resource.name.endswith(".service"):
            programs[Path(resource.name).name] = command_line(resource)
    paths["/var/lib/kubelet/kubeconfig"] = PathState("0600", "root", "root")
    seen = Seen(programs, paths, sums, ("secretbox", "identity"))
    facts = Facts({"hostname": "n1"}, {}, contents, seen=seen)
    return facts, lambda now: {v.id: v for v in verdicts(its.inventory, host, now)}


def failed(found: dict[str, Verdict]) -> set[str]:
    """The numbers of the checks that failed."""
    return {number for number, verdict in found.items() if verdict.status == "fail"}


def changed(facts: Facts, path: str, **state: str) -> Facts:
    """The same host after somebody's chmod or chown."""
    assert facts.seen is not None
    now = {**facts.seen.paths, path: replace(facts.seen.paths[path], **state)}
    return replace(facts, seen=replace(facts.seen, paths=now))


def edited(facts: Facts, program: str, old: str, new: str) -> Facts:
    """The same host with another command line."""
    assert facts.seen is not None
    unit = f"{program}.service"
    args = tuple(arg.replace(old, new) for arg in facts.seen.programs[unit])
    assert args != facts.seen.programs[unit], f"{program} has no {old}"
    kept = tuple(arg for arg in args if arg)
    return replace(facts, seen=replace(facts.seen, programs={**facts.seen.programs, unit: kept}))


def test_the_numbers_are_those_of_the_benchmark() -> None:
    """All of sections 1 to 4, in order, each once."""
    sections = {"1.1": 21, "1.2": 30, "1.3": 7, "1.4": 2, "2": 7, "3.1": 3, "3.2": 2, "4.1": 10,
                "4.2": 15, "4.3": 1}  # fmt: skip
    expected = [f"{name}.{n}" for name, last in sections.items() for n in range(1, last + 1)]
    assert [check.id for check in CHECKS] == expected


@pytest.mark.parametrize("version", RELEASES)
def test_with_hardening_cis_nothing_fails(version: str) -> None:
    """Every check passes, does not apply (and says why), or is for a person."""
    facts, judge = shown(version, *CIS)
    found = judge(facts)
    assert failed(found) == set()
    assert all(its.evidence for its in found.values())
    scored = {its.status for its in found.values() if its.scored}
    assert scored == {"pass"}
    assert {n for n, its in found.items() if its.status == "manual"} == {
        "3.1.1", "3.1.2", "3.2.2", "4.2.15"
    }  # fmt: skip


def test_what_the_standard_leaves_out() -> None:
    """By default too nearly all of it holds: this is the difference."""
    facts, judge = shown("v1.36.2")
    assert failed(judge(facts)) == MODES_OF_UNITS | {
        "1.2.3", "1.2.9", "1.2.11", "1.2.30", "1.3.1", "4.2.13", "4.2.14"
    }  # fmt: skip


def test_preloaded_images_cannot_be_pulled() -> None:
    """AlwaysPullImages is left out where no registry has the images; the reason is given."""
    facts, judge = shown("v1.36.2", *CIS, "cluster.images=[]")
    assert judge(facts)["1.2.11"].status == "pass"
    archive = INVENTORIES / "local.yaml"
    facts, judge = shown("v1.36.2", *CIS, f"cluster.images=[{{archive: {archive}}}]")
    verdict = judge(facts)["1.2.11"]
    assert verdict.status == "n/a"
    assert "cluster.images" in verdict.evidence


@pytest.mark.parametrize(
    ("path", "state", "number", "evidence"),
    [
        ("/etc/systemd/system/kube-apiserver.service", {"mode": "0644"}, "1.1.1", "is 0644"),
        ("/etc/systemd/system/etcd.service", {"owner": "ann"}, "1.1.8", "ann:root"),
        ("/var/lib/etcd", {"mode": "0750"}, "1.1.11", "/var/lib/etcd is 0750"),
        ("/etc/kubernetes/admin.conf", {"mode": "0640"}, "1.1.13", "at most 0600"),
        ("/etc/kubernetes/scheduler.conf", {"owner": "etcd"}, "1.1.16", "kube-scheduler"),
        ("/etc/kubernetes/pki/service-account.key", {"group": "adm"}, "1.1.19", ":adm"),
        ("/etc/kubernetes/pki/kube-controller-manager/ca.key", {"mode": "0604"}, "1.1.21", "0604"),
        ("/etc/etcd/pki/peer.key", {"mode": "0644"}, "1.1.21", "peer.key is 0644"),
        ("/etc/kubernetes/kubelet.yaml", {"mode": "0644"}, "4.1.9", "is 0644"),
    ],
)
def test_one_file_out_of_order_fails_its_check_alone(
    path: str, state: dict[str, str], number: str, evidence: str
) -> None:
    """And the evidence says which file, and how it is."""
    facts, judge = shown("v1.36.2", *CIS)
    found = judge(changed(facts, path, **state))
    assert failed(found) == {number}
    assert evidence in found[number].evidence


@pytest.mark.parametrize(
    ("program", "old", "new", "number"),
    [
        ("kube-apiserver", "--anonymous-auth=false", "--anonymous-auth=true", "1.2.1"),
        ("kube-apiserver", "--profiling=false", "", "1.2.15"),
        ("kube-apiserver", "--audit-log-maxage=30", "--audit-log-maxage=3", "1.2.17"),
        ("kube-apiserver", "Node,RBAC", "RBAC", "1.2.7"),
        ("kube-apiserver", "--etcd-cafile=/etc/kubernetes/pki/etcd-ca.crt", "", "1.2.26"),
        ("kube-apiserver", "NodeRestriction,", "", "1.2.14"),
        ("kube-apiserver", "_AES_128_GCM_SHA256,", "_AES_128_CBC_SHA,", "1.2.29"),
        ("kube-apiserver", "--allow-privileged=true", "--token-auth-file=/x", "1.2.2"),
        ("kube-controller-manager", "127.0.0.1", "0.0.0.0", "1.3.7"),
        ("kube-scheduler", "--profiling=false", "--profiling=true", "1.4.1"),
        ("etcd", "--client-cert-auth=true", "--client-cert-auth=false", "2.2"),
        ("etcd", "--trusted-ca-file=/etc/etcd/pki/ca.crt", "--trusted-ca-file=/x", "2.7"),
        ("kubelet", "--hostname-override=n1", "--anonymous-auth=true", "4.2.1"),
    ],
)
def test_one_flag_out_of_order_fails_its_check(
    program: str, old: str, new: str, number: str
) -> None:
    """Told from the process itself: what its unit file says meanwhile does not count."""
    facts, judge = shown("v1.36.2", *CIS)
    found = judge(edited(facts, program, old, new))
    assert failed(found) == {number}
    assert "--" in found[number].evidence


def test_a_stopped_program_passes_nothing() -> None:
    """What is not seen is not vouched for."""
    facts, judge = shown("v1.36.2", *CIS)
    assert facts.seen is not None
    less = {k: v for k, v in facts.seen.programs.items() if k != "kube-scheduler.service"}
    found = judge(replace(facts, seen=replace(facts.seen, programs=less)))
    assert failed(found) == {"1.4.1", "1.4.2"}
    assert "does not run" in found["1.4.1"].evidence


def test_the_kubelets_own_file_counts() -> None:
    """Other fields in the file that its process names; a file that cannot be read."""
    facts, judge = shown("v1.36.2", *CIS)
    path = "/etc/kubernetes/kubelet.yaml"
    text = facts.contents[path].replace(b"readOnlyPort: 0", b"readOnlyPort: 10255")
    found = judge(replace(facts, contents={**facts.contents, path: text}))
    assert failed(found) == {"4.2.4"}
    assert found["4.2.4"].evidence == f"readOnlyPort is 10255 in {path}"
    found = judge(replace(facts, contents={**facts.contents, path: b"{"}))
    assert "4.2.1" in failed(found)
    assert "could not be read" in found["4.2.1"].evidence


def test_what_is_stored_in_plain_text() -> None:
    """`identity` first: Secrets are not encrypted, whatever comes after it."""
    facts, judge = shown("v1.36.2", *CIS)
    assert facts.seen is not None
    plain = replace(facts.seen, providers=("identity", "secretbox"))
    found = judge(replace(facts, seen=plain))
    assert failed(found) == {"1.2.28"}
    assert failed(judge(replace(facts, seen=replace(facts.seen, providers=())))) == {"1.2.28"}


def test_one_authority_for_both() -> None:
    """The cluster's authority would let every client into etcd."""
    facts, judge = shown("v1.36.2", *CIS)
    assert facts.seen is not None
    one = dict.fromkeys(("/etc/etcd/pki/ca.crt", "/etc/kubernetes/pki/ca.crt"), "same")
    found = judge(replace(facts, seen=replace(facts.seen, sums=one)))
    assert failed(found) == {"2.7"}
