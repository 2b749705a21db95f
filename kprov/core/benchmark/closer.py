"""Checks that need a closer look than one file or flag."""

from __future__ import annotations

from typing import Any

import yaml

from kprov.core.benchmark.settings import Flags, KubeletSetting, equals, has, is_set
from kprov.core.benchmark.subject import Outcome, Subject

_ETCD_CA, _CLUSTER_CA = "/etc/etcd/pki/ca.crt", "/etc/kubernetes/pki/ca.crt"


def always_pull_images(subject: Subject) -> Outcome:
    """Images that are loaded from archives are in no registry."""
    status, evidence = Flags(
        "kube-apiserver", {"enable-admission-plugins": has("AlwaysPullImages")}
    ).judge(subject)
    if status == "fail" and subject.cluster.images:
        return "n/a", "`cluster.images` loads archives: no registry has them to be pulled"
    return status, evidence


def deny_external_ips(subject: Subject) -> Outcome:
    """The plugin came with v1.21."""
    if not subject.cluster.version.at_least("1.21"):
        return "n/a", f"{subject.cluster.kubernetes} has no such plugin"
    tests = {"enable-admission-plugins": has("DenyServiceExternalIPs")}
    return Flags("kube-apiserver", tests).judge(subject)


def encryption_providers(subject: Subject) -> Outcome:
    """What is written is encrypted: the first provider is not `identity`."""
    providers = subject.seen.providers
    if not providers:
        return "fail", "no encryption configuration could be read"
    strong = providers[0] in ("secretbox", "aescbc", "kms")
    return ("pass" if strong else "fail"), f"what is written goes to {providers[0]}"


def etcd_authority(subject: Subject) -> Outcome:
    """Whoever the cluster's authority vouches for is not let into etcd."""
    sums = subject.seen.sums
    if _ETCD_CA not in sums:
        return "fail", f"{_ETCD_CA} is not there"
    if sums[_ETCD_CA] == sums.get(_CLUSTER_CA):
        return "fail", f"{_ETCD_CA} is the same as {_CLUSTER_CA}"
    return Flags("etcd", {"trusted-ca-file": equals(_ETCD_CA)}).judge(subject)


def audit_policy(subject: Subject) -> Outcome:
    """There is one, and it writes something down."""
    flags = subject.flags("kube-apiserver")
    if flags is None:
        return Flags("kube-apiserver", {"audit-policy-file": is_set}).judge(subject)
    path = flags.get("audit-policy-file")
    if path is None:
        return "fail", "--audit-policy-file is not given"
    levels = [rule.get("level") for rule in _rules(subject.contents.get(path))]
    if not any(level and level != "None" for level in levels):
        return "fail", f"{path} has no rule that writes anything down"
    return "pass", f"{path} has {len(levels)} rules"


def audited_concerns(subject: Subject) -> Outcome:
    """A person has to read the policy; what it does with Secrets can be said."""
    flags = subject.flags("kube-apiserver") or {}
    rules = _rules(subject.contents.get(flags.get("audit-policy-file", "")))
    last = rules[-1].get("level") if rules else "nothing"
    return "manual", f"what no other rule names is logged at level {last}; read the policy"


def _rules(data: bytes | None) -> list[dict[str, Any]]:
    try:
        policy = yaml.safe_load(data or b"")
    except yaml.YAMLError:
        return []
    rules = policy.get("rules") if isinstance(policy, dict) else None
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def hostname_override(subject: Subject) -> Outcome:
    """Harmless where it says what the host is called anyway."""
    flags = subject.flags("kubelet")
    if flags is None:
        return "fail", "kubelet.service does not run: its flags cannot be seen"
    override = flags.get("hostname-override")
    if override in (None, subject.hostname):
        return "pass", f"the node is called {subject.hostname}, as the host"
    return "manual", (
        f"the node is called {override}, the host {subject.hostname}: kprov names nodes by the "
        "inventory, and their certificates say so"
    )


def seccomp_default(subject: Subject) -> Outcome:
    """The setting came with v1.22 and is on offer without a gate since v1.25."""
    if not subject.cluster.version.at_least("1.25"):
        return "n/a", f"{subject.cluster.kubernetes} has no such setting"
    return KubeletSetting("seccompDefault", "seccomp-default", equals("true")).judge(subject)


def extended_tokens(subject: Subject) -> Outcome:
    """Tokens of pods end when they say, not a year later."""
    tests = {"service-account-extend-token-expiration": equals("false")}
    return Flags("kube-apiserver", tests).judge(subject)
