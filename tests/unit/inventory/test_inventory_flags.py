"""`extra_args` against what kprov sets: errors where the cluster would break, else a warning."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from inventory_folder import HOSTS, Folder

from kprov.inventory.flag_rules import ESSENTIAL, TUNABLE
from kprov.inventory.load import load

GOLDEN = Path(__file__).parents[2] / "golden" / "roles"
PROGRAMS = {
    "kube-apiserver": "kube_apiserver",
    "kube-controller-manager": "kube_controller_manager",
    "kube-scheduler": "kube_scheduler",
    "kube-proxy": "kube_proxy",
    "kubelet": "kubelet",
    "etcd": "etcd",
}


def inventory(component: str, flag: str, value: str) -> str:
    """One flag of one component, on line 4."""
    return f"cluster:\n  {component}:\n    extra_args:\n      {flag}: {value}\n{HOSTS}"


def test_the_tables_know_every_flag_that_roles_set() -> None:
    """A flag of a role that is in neither table: nobody would be told that it was replaced."""
    missing = set()
    for path in GOLDEN.glob("*/*.txt"):
        for program, component in PROGRAMS.items():
            found = re.findall(
                rf"ExecStart=/usr/local/bin/{program}((?: \\\n    \|   --\S.*)*)", path.read_text()
            )
            flags = re.findall(r"--([a-z0-9-]+)=", "".join(found))
            known = {*ESSENTIAL[component], *TUNABLE[component]}
            missing |= {f"{component}: {flag}" for flag in flags if flag not in known}
    assert not missing, "say in kprov/inventory/flag_rules.py whether extra_args may change them"
    assert any("--audit-log-path" in path.read_text() for path in GOLDEN.glob("*/*.txt"))


def test_no_flag_is_both() -> None:
    """Refused or warned of."""
    for component in ESSENTIAL:
        assert not set(ESSENTIAL[component]) & TUNABLE[component]


@pytest.mark.parametrize(
    ("component", "flag", "value", "why"),
    [
        ("kube_apiserver", "client-ca-file", "/x", "kprov makes, installs and renews"),
        ("kube_apiserver", "etcd-servers", "https://x:2379", "hosts of the group etcd"),
        ("kube_apiserver", "service-cluster-ip-range", "10.0.0.0/16", "cluster.network.services"),
        ("kube_apiserver", "secure-port", "7443", "cluster.kube_apiserver.port"),
        ("kube_apiserver", "encryption-provider-config", "/x", "nobody could read the Secrets"),
        ("kube_apiserver", "authorization-mode", "AlwaysAllow", "Node,RBAC,AlwaysAllow"),
        ("kube_controller_manager", "root-ca-file", "/x", "kprov makes"),
        ("kube_scheduler", "kubeconfig", "/x", "identity"),
        ("kube_proxy", "proxy-mode", "ipvs", "cluster.network.proxy"),
        ("kubelet", "config", "/x", "cluster.kubelet.config"),
        ("etcd", "data-dir", "/x", "find each other"),
        ("kubelet", "--v", "4", "without dashes: v"),
    ],
)
def test_flags_that_would_break_the_cluster(
    folder: Folder, component: str, flag: str, value: str, why: str
) -> None:
    """An error at its line, with the reason or the right way."""
    problem = folder.problem(inventory(component, flag, value))
    assert problem.startswith(f"inv.yaml:4: `cluster.{component}.extra_args`")
    assert why in problem


@pytest.mark.parametrize(
    ("component", "flag", "value", "words"),
    [
        ("kube_apiserver", "audit-log-maxage", "7", "`cluster.audit.days` is"),
        ("kube_apiserver", "anonymous-auth", "true", "asked for no name"),
        ("kube_apiserver", "authorization-mode", "'Node,RBAC,Webhook'", "wins over kprov's own"),
        ("kube_scheduler", "profiling", "true", "inside of the process"),
        ("etcd", "election-timeout", "5000", "wins over kprov's own value"),
    ],
)
def test_flags_that_win(folder: Folder, component: str, flag: str, value: str, words: str) -> None:
    """A warning that says so."""
    path = folder.write("inventory.yaml", inventory(component, flag, value))
    found = load(path, environ={}).warnings
    assert any(flag in its and words in its for its in found), found


def test_gates_by_hand_replace_the_typed_ones(folder: Folder) -> None:
    """The way around the table costs the table's gates in that component; said aloud."""
    text = (
        inventory("kubelet", "feature-gates", "Other=true")
        .replace("  kubelet", "  feature_gates: {NodeLogQuery: true}\n  kubelet")
        .replace("kubelet:", "kube_scheduler:")
    )
    found = load(folder.write("inventory.yaml", text), environ={}).warnings
    assert any("does not reach kube-scheduler" in its for its in found), found


def test_other_flags_are_nobodys_business(folder: Folder) -> None:
    """kprov does not set them: no word."""
    path = folder.write("inventory.yaml", inventory("kube_apiserver", "max-requests-inflight", "9"))
    assert load(path, environ={}).warnings == ()
