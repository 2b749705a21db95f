"""Pools in a PUT, of a cluster or of their own: as they will be, checked.

Source: aks.md 6.1 to 6.8.
"""

from __future__ import annotations

from tests.azure import defaults, pool_rules, quota, upgrades
from tests.azure import versions as k8s
from tests.azure.arm import Call
from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json
from tests.azure.lifecycle import Versions
from tests.azure.merging import merge_pool
from tests.azure.regions import Region
from tests.azure.state import Cluster, Pool


def new_pools(call: Call, sent: list[Json], version: str, region: Region) -> dict[str, Pool]:
    """The pools of a new cluster."""
    pools = {}
    for each in sent:
        wanted = {key: value for key, value in each.items() if key != "name" and value is not None}
        name = str(each.get("name"))
        full = defaults.new_pool(wanted, version)
        resolved = upgrades.first_pool_version(wanted.get("orchestratorVersion"), version, region)
        full |= {
            "provisioningState": "Creating",
            "currentOrchestratorVersion": resolved,
            "nodeImageVersion": defaults.node_image(full),
        }
        if call.strict:
            pool_rules.check_new(name, full, region)
            pool_rules.check_enabled_autoscaler(name, None, full)
        pools[name] = Pool(name, full)
    return pools


def changed_pools(
    call: Call, cluster: Cluster, sent: list[Json] | None, control: str, region: Region
) -> tuple[dict[str, Json], Versions]:
    """Pools as they will be, those that change; new ones are refused (aks.md 6.1)."""
    if sent is None:
        sent = [{"name": name, **pool.properties} for name, pool in cluster.pools.items()]
    by_name = {str(each.get("name")): each for each in sent}
    if by_name.keys() - cluster.pools.keys():
        raise Refusal.bad_request(
            "A new agent pool was introduced. Adding agent pools to an existing cluster is not "
            "allowed through managed cluster operations. For agent pool specific change, please "
            "use per agent pool operations: https://aka.ms/agent-pool-rest-api",
            target="agentPoolProfiles",
        )
    missing = cluster.pools.keys() - by_name.keys()
    if (
        missing and call.strict
    ):  # what Azure does is not known (aks.md 10), so nobody may rely on it
        raise Refusal.bad_request(
            f"Agent pools are missing: {', '.join(sorted(missing))}.", target="agentPoolProfiles"
        )
    changed, versions = {}, {}
    for name, each in by_name.items():
        pool = cluster.pools[name]
        after, version = changed_pool(call, pool, each, control, region)
        if after != pool.properties:
            changed[name] = after
        versions[name] = version
    if call.strict:
        after_all = {name: pool.properties for name, pool in cluster.pools.items()} | changed
        pool_rules.check_one_system(after_all.values())
        for version in versions.values():
            k8s.check_skew(version, control)
    return changed, versions


def changed_pool(
    call: Call, pool: Pool, sent: Json, control: str, region: Region
) -> tuple[Json, str]:
    """A pool's properties after a PUT, checked, and the version it will run."""
    wanted = {
        key: value for key, value in sent.items() if key not in {"name", "orchestratorVersion"}
    }
    before = pool.properties
    after = defaults.spot(merge_pool(before, wanted))
    version = upgrades.pool(pool.name, before, sent.get("orchestratorVersion"), control, region)
    after["orchestratorVersion"] = sent.get("orchestratorVersion") or before["orchestratorVersion"]
    if not after["enableAutoScaling"] and before["enableAutoScaling"]:
        for key in ("minCount", "maxCount"):
            if wanted.get(key) is None:
                after.pop(key, None)
    if call.strict:
        pool_rules.check_change(pool.name, before, after)
        pool_rules.check_values(pool.name, after)
        pool_rules.check_enabled_autoscaler(pool.name, before, after)
        more = after["count"] - before["count"]
        if version != before["currentOrchestratorVersion"]:
            more += quota.surge(after)
        quota.check(call.subscription, region, [(after, more)])
    return after, version
