"""What would be done on Azure to make a cluster what the inventory says: pure.

The order: what the cluster refers to; the cluster itself; its version, one minor at a time, the
control plane before the pools; the pools; what refers to the cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kprov.model.cluster import ClusterSpec
from kprov.providers.aks.attachments import Attachment, attachments, registry_name
from kprov.providers.aks.desired import at_birth, declared, expected_at_birth, version_of
from kprov.providers.aks.draft import Draft
from kprov.providers.aks.fields import CLUSTER, ChangeClass, class_of
from kprov.providers.aks.maintenance import windows
from kprov.providers.aks.names import CREATED, is_ours
from kprov.providers.aks.observed import Observed, is_broken
from kprov.providers.aks.pool_plan import plan_pools
from kprov.providers.aks.upgrade_plan import check_offered, plan_upgrade
from kprov.providers.aks.wire import at, before_of, differing


def plan(spec: ClusterSpec, seen: Observed, *, allow_replace: bool = False) -> Draft:
    """The draft of a plan; its problems are reasons not to begin."""
    draft = Draft(spec.name)
    _ground(draft, spec, seen)
    if seen.cluster is None:
        _create(draft, spec, seen)
    elif seen.stopped:
        draft.problem("the cluster is stopped", _start_hint(spec))
    else:
        _converge(draft, spec, seen, allow_replace=allow_replace)
    return draft


def _start_hint(spec: ClusterSpec) -> str:
    assert spec.azure is not None
    return f"az aks start --resource-group {spec.azure.resource_group.name} --name {spec.name}"


def plan_removal(spec: ClusterSpec, seen: Observed) -> Draft:
    """Take away what kprov made, and nothing else."""
    draft = Draft(spec.name)
    if seen.cluster is not None:
        if is_ours(seen.cluster, spec.name):
            before = {"pools": ", ".join(seen.pools)}
            draft.remove("cluster", f"cluster:{spec.name}", before, "delete it and all its nodes")
        else:
            draft.problem("this cluster was not made by kprov", f"it has no tag `{CREATED}`")
    if is_ours(seen.group, spec.name) and not draft.problems:
        assert spec.azure is not None
        group = spec.azure.resource_group.name
        draft.remove("ground", f"group:{group}", {}, "delete it, if nothing else is in it")
    return draft


def _ground(draft: Draft, spec: ClusterSpec, seen: Observed) -> None:
    assert spec.azure is not None
    group = spec.azure.resource_group
    for namespace in seen.unregistered:
        words = "register the subscription for it"
        draft.create("ground", f"registration:{namespace}", {"registered": True}, words)
    if seen.group is None and not group.create:
        hint = "make it, or write `create: true` beside its name"
        draft.problem(f"there is no resource group {group.name!r}", hint)
    elif seen.group is None:
        body = {"location": group.location, "tags": {CREATED: spec.name}}
        draft.create("ground", f"group:{group.name}", body, f"create in {group.location}")
    for its in attachments(spec):
        if its.before_cluster:
            _attach(draft, "ground", its, seen)


def _create(draft: Draft, spec: ClusterSpec, seen: Observed) -> None:
    version = version_of(spec)
    if version:
        check_offered(draft, spec, version, seen)
    pools = ", ".join(_pool_words(pool) for pool in spec.pools)
    draft.create(
        "cluster",
        f"cluster:{spec.name}",
        at_birth(spec),
        f"create: Kubernetes {version or '(what Azure offers first)'}, pools {pools}",
        shown=expected_at_birth(spec),
    )
    _after_cluster(draft, spec, seen)


def _pool_words(pool: Any) -> str:
    scale = pool.autoscale
    count = f"{scale.min} to {scale.max}" if scale else pool.count if pool.count is not None else 1
    return f"{pool.name} ({count} x {pool.vm_size})"


def _converge(draft: Draft, spec: ClusterSpec, seen: Observed, *, allow_replace: bool) -> None:
    assert seen.cluster is not None
    wanted = declared(spec)
    blocked = _blocked(wanted, seen.cluster)
    if blocked and allow_replace:
        _replace(draft, spec, seen, blocked)
        return
    for path, (before, after) in blocked.items():
        hint = "write it as it is, or rebuild the cluster, and lose all that is in it, with "
        draft.problem(f"{path} {before} -> {after} needs a new cluster", f"{hint}--allow-replace")
    if is_broken(seen.cluster):
        wanted["properties"] = {**wanted.get("properties", {}), "provisioningState": "Succeeded"}
    draft.update("cluster", f"cluster:{spec.name}", wanted, seen.cluster)
    _warn_of_certificates(draft, wanted, seen)
    plan_upgrade(draft, spec, seen)
    plan_pools(draft, spec, seen)
    _after_cluster(draft, spec, seen)


def _blocked(
    wanted: Mapping[str, Any], cluster: Mapping[str, Any]
) -> dict[str, tuple[object, object]]:
    """The differences that Azure would refuse: path to before and after."""
    found: dict[str, tuple[object, object]] = {}
    before = before_of(wanted, cluster)
    for path in differing(wanted, cluster):
        pair = (before.get(path), at(wanted, path))
        if class_of(CLUSTER, path, *pair) is ChangeClass.NEW_CLUSTER:
            found[path] = pair
    return found


def _replace(
    draft: Draft, spec: ClusterSpec, seen: Observed, blocked: Mapping[str, tuple[object, object]]
) -> None:
    if not is_ours(seen.cluster, spec.name):
        hint = "delete it yourself: kprov deletes only what it made"
        draft.problem("this cluster was not made by kprov", hint)
    reasons = ", ".join(f"{path} {pair[0]} -> {pair[1]}" for path, pair in blocked.items())
    words = f"replace the cluster: delete it and all that is in it, because of {reasons}"
    draft.remove("replace", f"cluster:{spec.name}", {"version": seen.version}, words)
    draft.create(
        "cluster",
        f"cluster:{spec.name}",
        at_birth(spec),
        "create it anew",
        shown=expected_at_birth(spec),
    )
    _after_cluster(draft, spec, seen)


def _warn_of_certificates(draft: Draft, wanted: Mapping[str, Any], seen: Observed) -> None:
    path = "properties.disableLocalAccounts"
    if at(wanted, path) and not at(seen.cluster, path):
        draft.notes.append(
            f"{draft.cluster}: administrator certificates that were handed out work until they are "
            "rotated: az aks rotate-certs"
        )


def _after_cluster(draft: Draft, spec: ClusterSpec, seen: Observed) -> None:
    assert spec.azure is not None
    for name, body in windows(spec).items():
        if name in seen.maintenance:
            draft.update("access", f"maintenance:{name}", body, seen.maintenance[name])
        else:
            draft.create("access", f"maintenance:{name}", body, _window_words(body))
    for its in attachments(spec):
        if not its.before_cluster:
            _attach(draft, "access", its, seen)
    for registry in spec.azure.acr:
        if registry.lower() not in seen.pulls:
            words = "let nodes pull images from it (AcrPull)"
            name = f"access:{registry_name(registry)}"
            draft.create("access", name, {"registry": registry}, words)


def _window_words(body: Mapping[str, Any]) -> str:
    window = body["properties"]["maintenanceWindow"]
    (rhythm,) = window["schedule"]
    return f"allow maintenance: {rhythm}, {window['startTime']}, {window['durationHours']} hours"


def _attach(draft: Draft, phase: str, its: Attachment, seen: Observed) -> None:
    found = seen.attached.get(its.id)
    more = {"id": its.id, "api_version": its.api_version}
    if found is None:
        draft.create(phase, f"resource:{its.name}", its.body, f"create {_last(its.id)}", **more)
    else:
        draft.update(phase, f"resource:{its.name}", its.body, found, **more)


def _last(resource: str) -> str:
    return resource.rpartition("/")[2]
