"""What is asked of the API: what would not start, or not do what was meant, is found offline."""

from __future__ import annotations

from pathlib import Path

import pytest
from inventory_folder import HOSTS, Folder

from kprov.inventory.admission_plugins import plugins_of
from kprov.inventory.feature_gates import feature_gates
from kprov.inventory.load import load
from kprov.model.version import Version

POLICY = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
CERTIFICATE = (Path(__file__).parents[2] / "golden" / "files" / "ca.pem").read_text()


def spec(folder: Folder, text: str) -> str:
    """The only problem of a spec, given line by line from line 2 on."""
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    return folder.problem(f"cluster:\n{lines}{HOSTS}")


def warnings(folder: Folder, text: str) -> tuple[str, ...]:
    """What is said about a spec that is all right."""
    lines = "".join(f"  {line}\n" for line in text.splitlines())
    return load(folder.write("inventory.yaml", f"cluster:\n{lines}{HOSTS}"), environ={}).warnings


def policy(folder: Folder, rules: str) -> list[str]:
    """All problems of an audit policy, given from its rules on."""
    folder.write("policy.yaml", POLICY + rules)
    folder.write("inventory.yaml", f"cluster:\n  audit: {{policy: policy.yaml}}\n{HOSTS}")
    return folder.problems_of("inventory.yaml")


# --- hardening, feature gates, admission plugins


def test_hardening_is_one_of_two_words(folder: Folder) -> None:
    """A slip is answered with the word that was meant."""
    problem = spec(folder, "hardening: csi")
    assert problem.startswith("inv.yaml:2: `cluster.hardening`")
    assert "standard, cis" in problem
    assert "did you mean 'cis'?" in problem


def test_an_unknown_feature_gate(folder: Folder) -> None:
    """The closest one of this release; without one, the way around."""
    problem = spec(folder, "feature_gates:\n  NodeLogQuerry: true")
    assert problem.startswith("inv.yaml:3: feature gate 'NodeLogQuerry' is not known to kprov")
    assert "did you mean 'NodeLogQuery'?" in problem
    problem = spec(folder, "feature_gates: {Xyzzy: true}")
    assert "extra_args: {feature-gates: Xyzzy=true}" in problem


def test_a_feature_gate_of_another_release(folder: Folder) -> None:
    """Not there yet, or there no more."""
    problem = spec(folder, "kubernetes: v1.29.4\nfeature_gates: {MutatingAdmissionPolicy: true}")
    assert "MutatingAdmissionPolicy came with v1.32, this is v1.29" in problem
    problem = spec(folder, "feature_gates: {DynamicKubeletConfig: true}")
    assert "DynamicKubeletConfig is gone since v1.29, this is v1.36" in problem


def test_a_locked_feature_gate(folder: Folder) -> None:
    """Components refuse to start with another value; the one they have is fine."""
    problem = spec(folder, "feature_gates: {NodeSwap: false}")
    assert "NodeSwap can only be true since v1.34" in problem
    assert warnings(folder, "feature_gates: {NodeSwap: true, AllAlpha: false}") == ()


def test_the_table_of_feature_gates() -> None:
    """Real gates of old and new releases are in it, with spans that make sense."""
    gates = feature_gates()
    assert len(gates) > 250
    assert gates["BoundServiceAccountTokenVolume"].known_to(Version.parse("v1.20.2"))
    assert gates["GracefulNodeShutdown"].known_to(Version.parse("v1.36.2"))
    for gate in gates.values():
        assert gate.until is None or Version.parse(gate.since) < Version.parse(gate.until)


def test_an_unknown_admission_plugin(folder: Folder) -> None:
    """In `enable` as well as in `disable`."""
    problem = spec(
        folder, "kube_apiserver:\n  admission_plugins:\n    enable:\n      - AlwaysPullImage"
    )
    assert problem.startswith("inv.yaml:5: Kubernetes v1.36 has no admission plugin")
    assert "did you mean 'AlwaysPullImages'?" in problem
    problem = spec(folder, "kube_apiserver: {admission_plugins: {disable: [PodSecurityPolicy]}}")
    assert "no admission plugin 'PodSecurityPolicy'" in problem


def test_admission_plugins_by_release() -> None:
    """What came and what went."""
    old, new = plugins_of(Version.parse("v1.20.2")), plugins_of(Version.parse("v1.36.2"))
    assert "PodSecurityPolicy" in old
    assert "PodSecurityPolicy" not in new
    assert "PodSecurity" in new
    assert "PodSecurity" not in old


@pytest.mark.parametrize(
    ("name", "why"),
    [("AlwaysDeny", "would not come up"), ("ImagePolicyWebhook", "admission-control-config-file")],
)
def test_admission_plugins_that_would_break_the_cluster(
    folder: Folder, name: str, why: str
) -> None:
    """Known names, but not like this."""
    problem = spec(folder, f"kube_apiserver: {{admission_plugins: {{enable: [{name}]}}}}")
    assert f"admission plugin {name} cannot be enabled" in problem
    assert why in problem


def test_an_admission_plugin_on_and_off(folder: Folder) -> None:
    """kube-apiserver refuses both at once."""
    both = "{enable: [EventRateLimit], disable: [EventRateLimit]}"
    problem = spec(folder, f"kube_apiserver: {{admission_plugins: {both}}}")
    assert "EventRateLimit is enabled and disabled" in problem


def test_turning_off_what_protects_the_cluster_is_said(folder: Folder) -> None:
    """Allowed, with what it means."""
    text = "kube_apiserver: {admission_plugins: {disable: [NodeRestriction]}}"
    assert any("every kubelet could change" in its for its in warnings(folder, text))


# --- API versions


def test_runtime_config(folder: Folder) -> None:
    """API versions, not just any text; not those that everything stands on."""
    problem = spec(folder, "kube_apiserver: {runtime_config: {batch: true}}")
    assert "runtime_config` has 'batch', expected api/all" in problem
    problem = spec(folder, "kube_apiserver: {runtime_config: {api/all: false}}")
    assert "turns api/all off" in problem
    good = "kube_apiserver: {runtime_config: {api/beta: true, storage.k8s.io/v1beta1: false}}"
    assert warnings(folder, good) == ()


# --- OIDC


@pytest.mark.parametrize(
    ("issuer", "why"),
    [
        ("http://id.example.com", "accepts no other"),
        ("id.example.com", "accepts no other"),
        ("https://", "accepts no other"),
        ("https://id.example.com?a=b", "without user"),
        ("https://id.example.com#x", "without user"),
        ("https://me@id.example.com", "without user"),
        ("https://kubernetes.default.svc.cluster.local", "cluster's own issuer"),
    ],
)
def test_issuers_that_the_apiserver_refuses(folder: Folder, issuer: str, why: str) -> None:
    """https, a host, nothing else."""
    problem = spec(folder, f"oidc:\n  issuer_url: {issuer!r}\n  client_id: kprov")
    assert problem.startswith("inv.yaml:3: `cluster.oidc.issuer_url` is")
    assert why in problem


def test_oidc_needs_a_client(folder: Folder) -> None:
    """Two fields make it whole; slips are named."""
    problem = spec(folder, "oidc: {issuer_url: https://id.example.com}")
    assert "`cluster.oidc` has no `client_id`" in problem
    problem = spec(
        folder, "oidc: {issuer_url: https://id.example.com, client_id: a, user_claim: b}"
    )
    assert "did you mean 'username_claim'?" in problem


def test_the_providers_authority(folder: Folder) -> None:
    """A file that is not there, one that holds no certificate, one that does."""
    text = "oidc: {issuer_url: https://id.example.com, client_id: a, ca_file: ca.pem}"
    assert "`cluster.oidc.ca_file` is ca.pem: there is no such file" in spec(folder, text)
    folder.write("ca.pem", "no certificate")
    assert "there is no certificate in it" in spec(folder, text)
    folder.write("ca.pem", CERTIFICATE)
    assert warnings(folder, text) == ()


def test_groups_without_a_prefix_are_dangerous(folder: Folder) -> None:
    """A token could say system:masters."""
    text = "oidc: {issuer_url: https://id.example.com, client_id: a, groups_claim: groups}"
    assert any("system:masters" in its for its in warnings(folder, text))


def test_signing_algorithms(folder: Folder) -> None:
    """Those of the flag's reference; no shared secrets."""
    text = "oidc: {issuer_url: https://id.example.com, client_id: a, signing_algorithms: [HS256]}"
    assert "RS256" in spec(folder, text)


# --- audit policy


def test_a_policy_that_is_not_there(folder: Folder) -> None:
    """Where it was looked for."""
    problem = spec(folder, "audit: {policy: none.yaml}")
    assert "`cluster.audit.policy` is none.yaml: there is no such file" in problem
    assert "looked for" in problem


@pytest.mark.parametrize(
    ("rules", "line", "what"),
    [
        ("", 1, "has no rules"),
        ("rules: []\n", 3, "has no rules"),
        ("rules:\n  - {verbs: [get]}\n", 4, "has no `level`"),
        ("rules:\n  - level: Metadatta\n", 4, "did you mean 'Metadata'?"),
        ("rules:\n  - level: metadata\n", 4, "did you mean 'Metadata'?"),
        ("rules:\n  - level: None\n    verb: [get]\n", 5, "did you mean 'verbs'?"),
        ("rules:\n  - {level: None, users: ann}\n", 4, "expected a list"),
        ("rules:\n  - {level: None, omitStages: [Received]}\n", 4, "RequestReceived"),
        ("omitStages: [Panik]\nrules: [{level: None}]\n", 3, "did you mean 'Panic'?"),
        ("rules:\n  - {level: None, nonResourceURLs: [healthz]}\n", 4, "expected a path"),
        ("rules:\n  - {level: None, nonResourceURLs: ['/a*b']}\n", 4, "`*` only ends it"),
        (
            "rules:\n  - {level: None, nonResourceURLs: [/x], resources: [{group: ''}]}\n",
            4, "make two rules of it",
        ),
        ("rules:\n  - {level: None, resources: [pods]}\n", 4, "expected a mapping"),
        ("rules:\n  - {level: None, resources: [{group: apps/v1}]}\n", 4, "such as 'apps'"),
        ("rules:\n  - {level: None, resources: [{resourceNames: [a]}]}\n", 4, "without"),
        ("rules: [\n", 4, "YAML"),
        ("rules:\n  - just text\n", 4, "expected a mapping"),
    ],
)  # fmt: skip
def test_policies_that_are_wrong(folder: Folder, rules: str, line: int, what: str) -> None:
    """At the line of the policy, before anything is restarted."""
    problems = policy(folder, rules)
    assert problems
    assert any(what in its for its in problems), problems
    assert problems[0].startswith(f"policy.yaml:{line}:") or "YAML" in what


def test_the_head_of_a_policy(folder: Folder) -> None:
    """An old version of the format, another kind."""
    folder.write(
        "policy.yaml", "apiVersion: audit.k8s.io/v1beta1\nkind: Polisy\nrules: [{level: None}]\n"
    )
    folder.write("inventory.yaml", f"cluster:\n  audit: {{policy: policy.yaml}}\n{HOSTS}")
    first, second = folder.problems_of("inventory.yaml")
    assert "expected audit.k8s.io/v1" in first
    assert "expected Policy" in second


def test_a_good_policy(folder: Folder) -> None:
    """Everything that may be in one."""
    folder.write(
        "policy.yaml",
        POLICY + "omitManagedFields: true\nomitStages: [RequestReceived]\nrules:\n"
        "  - {level: None, users: [a], userGroups: [b], nonResourceURLs: [/healthz*, '*']}\n"
        "  - {level: Request, verbs: [get], namespaces: [x], omitStages: [Panic],\n"
        "     resources: [{group: '', resources: [pods/log], resourceNames: [y]}]}\n"
        "  - {level: Metadata}\n",
    )
    assert warnings(folder, "audit: {policy: policy.yaml}") == ()
