"""An audit policy as kube-apiserver would read it: it does not start with one that is wrong.

Rules: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ and its validation in
k8s.io/apiserver/pkg/apis/audit/validation. Unknown keys, which the apiserver passes over, are
problems as well: a rule that lost a word to a slip matches more than it should.
"""

from __future__ import annotations

from collections.abc import Iterable

from kprov.core.marked_yaml import Marked, scan_marked
from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.model.errors import InputError

API_VERSION = "audit.k8s.io/v1"
LEVELS = ("None", "Metadata", "Request", "RequestResponse")
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
_POLICY = ("apiVersion", "kind", "metadata", "rules", "omitStages", "omitManagedFields")
_LISTS = ("users", "userGroups", "verbs", "resources", "namespaces", "nonResourceURLs")
_RULE = ("level", *_LISTS, "omitStages", "omitManagedFields")
_RESOURCES = ("group", "resources", "resourceNames")


def check_audit_policy(text: str, file: str, findings: Findings) -> None:
    """Everything in a policy that would be refused or passed over, each at its line."""
    try:
        policy, problems = scan_marked(text, file)
    except InputError as error:
        findings.absorb(error)
        return
    findings.take(problems)
    if not policy.is_mapping:
        what = f"the audit policy is {policy.kind}, expected a mapping"
        findings.problem(what, policy.location, f"begin with `apiVersion: {API_VERSION}`")
        return
    _check_head(policy, findings)
    _check_keys(policy, _POLICY, "an audit policy", findings)
    _check_stages(policy, findings)
    rules = policy.at(("rules",))
    if rules is None or not rules.sequence:
        hint = "the last rule is what holds for the rest: `- level: Metadata`"
        findings.problem("the audit policy has no rules", policy.key_location("rules"), hint)
    for rule in rules.sequence if rules else ():
        _check_rule(rule, findings)


def _check_head(policy: Marked, findings: Findings) -> None:
    for key, expected in (("apiVersion", API_VERSION), ("kind", "Policy")):
        found = policy.at((key,))
        if found is None or found.value != expected:
            said = "missing" if found is None else found.kind
            what = f"`{key}` of the audit policy is {said}, expected {expected}"
            findings.problem(what, policy.key_location(key))


def _check_rule(rule: Marked, findings: Findings) -> None:
    if not rule.is_mapping:
        findings.problem(f"an audit rule is {rule.kind}, expected a mapping", rule.location)
        return
    _check_keys(rule, _RULE, "an audit rule", findings)
    _check_level(rule, findings)
    _check_stages(rule, findings)
    for name in _LISTS:
        found = rule.at((name,))
        if found is not None and not found.is_sequence:
            what = f"`{name}` of an audit rule is {found.kind}, expected a list"
            findings.problem(what, rule.key_location(name))
    _check_urls(rule, findings)
    for resources in _items(rule, "resources"):
        _check_resources(resources, findings)


def _check_level(rule: Marked, findings: Findings) -> None:
    level = rule.at(("level",))
    if level is None:
        hint = f"one of {', '.join(LEVELS)}"
        findings.problem("an audit rule has no `level`", rule.location, hint)
    elif level.value not in LEVELS:
        what = f"`level` is {level.kind}, expected one of: {', '.join(LEVELS)}"
        hint = did_you_mean(level.text, LEVELS)
        findings.problem(what, rule.key_location("level"), hint)


def _check_stages(owner: Marked, findings: Findings) -> None:
    for stage in _items(owner, "omitStages"):
        if stage.value not in STAGES:
            what = f"`omitStages` has {stage.kind}, expected one of: {', '.join(STAGES)}"
            findings.problem(what, stage.location, did_you_mean(stage.text, STAGES))


def _check_urls(rule: Marked, findings: Findings) -> None:
    urls = _items(rule, "nonResourceURLs")
    if urls and (_items(rule, "resources") or _items(rule, "namespaces")):
        what = "an audit rule has `nonResourceURLs` beside `resources` or `namespaces`"
        findings.problem(what, rule.key_location("nonResourceURLs"), "make two rules of it")
    for url in urls:
        text = url.text
        if text != "*" and (not text.startswith("/") or "*" in text[:-1]):
            what = f"`nonResourceURLs` has {text!r}, expected a path such as /healthz*"
            findings.problem(what, url.location, "it begins with / and `*` only ends it")


def _check_resources(resources: Marked, findings: Findings) -> None:
    if not resources.is_mapping:
        what = f"`resources` of an audit rule has {resources.kind}, expected a mapping"
        hint = 'such as {group: "", resources: [secrets]}; the core group is the empty text'
        findings.problem(what, resources.location, hint)
        return
    _check_keys(resources, _RESOURCES, "`resources` of an audit rule", findings)
    group = resources.at(("group",))
    if group is not None and "/" in group.text:
        what = f"`group` is {group.text!r}, expected a group without a version"
        hint = f"such as {group.text.partition('/')[0]!r}"
        findings.problem(what, resources.key_location("group"), hint)
    if _items(resources, "resourceNames") and not _items(resources, "resources"):
        what = "`resourceNames` without `resources`"
        findings.problem(
            what, resources.key_location("resourceNames"), "say which kind they are of"
        )


def _check_keys(owner: Marked, known: Iterable[str], what: str, findings: Findings) -> None:
    names = tuple(known)
    for key in owner.mapping:
        if key not in names:
            hint = hint_of(did_you_mean(key, names), f"known: {', '.join(names)}")
            findings.problem(f"unknown key {key!r} in {what}", owner.key_location(key), hint)


def _items(owner: Marked, key: str) -> tuple[Marked, ...]:
    found = owner.at((key,))
    return () if found is None else found.sequence
