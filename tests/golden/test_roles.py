"""Roles: inventory and facts to resources, files and shell, for old and new releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.model.change import Action, Change
from kprov.model.resource import Resource
from kprov.sh.kinds import KINDS
from tests.golden.golden import compare
from tests.golden.world import resources, world

HERE = Path(__file__).parent
INVENTORIES = HERE.parent.parent / "inventories"
OLD_HOST = {"cgroup": "v1", "oom_score_adjustable": "no", "conntrack_writable": "no"}

EVERYTHING = [
    "cluster.hardening=cis",
    "cluster.images=[]",
    "cluster.feature_gates={NodeLogQuery: true, ContextualLogging: false}",
    f"cluster.audit={{policy: {HERE}/files/audit.yaml, days: 7}}",
    "cluster.kube_apiserver.admission_plugins={enable: [PodNodeSelector], disable: [LimitRanger]}",
    "cluster.kube_apiserver.runtime_config={api/beta: true}",
    (
        "cluster.oidc={issuer_url: https://id.example.com, client_id: kprov, "
        "username_claim: email, groups_claim: groups, groups_prefix: 'oidc:', "
        f"ca_file: {HERE}/files/ca.pem, "
        "required_claims: {hd: example.com, tier: gold}}"
    ),
]
"""All that can be asked of the API and of hardening."""

CASES = {
    "v1.20-one-machine": ("local.yaml", "n1", "v1.20.2", OLD_HOST),
    "v1.29-one-machine": ("local.yaml", "n1", "v1.29.4", {}),
    "v1.36-control-plane": ("local-workers.yaml", "cp1", "v1.36.2", {}),
    "v1.36-ha-control-plane": ("local-ha.yaml", "cp2", "v1.36.2", {}),
    "v1.36-keepalived": ("local-ha.yaml", "cp2", "v1.36.2", {"routes": "10.98.2.0/24@eth0"}),
    "v1.36-ha-worker": ("local-ha.yaml", "w1", "v1.36.2", {}),
    "v1.36-worker": ("local-workers.yaml", "w1", "v1.36.2", OLD_HOST),
    "v1.36-cis": ("local.yaml", "n1", "v1.36.2", {}),
    "v1.20-cis": ("local.yaml", "n1", "v1.20.2", {}),
}
OVERRIDES = {
    "v1.36-cis": EVERYTHING,
    "v1.20-cis": ["cluster.hardening=cis"],
    "v1.36-keepalived": ["cluster.endpoint=10.98.2.10:6443", "cluster.load_balancer=keepalived"],
}
OPTIONS = {"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"}
"""The roles that options of the API and hardening reach."""
DIFFERENT = {"v1.36-cis": OPTIONS, "v1.20-cis": OPTIONS, "v1.36-keepalived": {"keepalived"}}


def text(resource: Resource) -> str:
    """A resource as a reviewer wants to read it: the call, then the content."""
    lines = [KINDS[resource.kind].write(Change(resource, Action.CREATE))]
    if resource.restart_on:
        lines.append(f"    restart_on {' '.join(resource.restart_on)}")
    if resource.reload_on:
        lines.append(f"    reload_on {' '.join(resource.reload_on)}")
    if resource.content is not None:
        body = resource.content.data.decode()
        lines += [f"    | {line}".rstrip() for line in body.splitlines()]
    return "\n".join(lines)


@pytest.mark.parametrize("case", CASES)
def test_roles(case: str) -> None:
    """Every resource of every role on a host of that kind."""
    inventory, host, version, facts = CASES[case]
    overrides = OVERRIDES.get(case, [])
    its = world(INVENTORIES / inventory, [f"cluster.kubernetes={version}", *overrides], facts)
    by_role: dict[str, list[str]] = {}
    for group in resources(its, host).values():
        for resource in group:
            if overrides and resource.role not in DIFFERENT[case]:
                continue
            by_role.setdefault(resource.role, []).append(text(resource))
    for role, texts in by_role.items():
        compare(HERE / "roles" / case / f"{role}.txt", "\n".join(texts) + "\n")
    written = {path.stem for path in (HERE / "roles" / case).glob("*.txt")}
    assert written == set(by_role), "a golden file without a role: remove it"
