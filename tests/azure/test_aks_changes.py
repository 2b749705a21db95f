"""A change is one PUT for each object that it touches, however many fields are different."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.azure.aks_site import SYSTEM, AksSite

Json = dict[str, Any]
Change = Callable[[list[Json], Json], None]


def _pool(name: str, **values: Any) -> Change:
    def change(pool_list: list[Json], azure: Json) -> None:
        next(pool for pool in pool_list if pool["name"] == name).update(values)

    return change


def _azure(**values: Any) -> Change:
    return lambda pool_list, azure: azure.update(values)


CHANGES: Mapping[str, tuple[str, Change]] = {
    "tier": ("cluster:prod", _azure(tier="standard")),
    "cluster tags": ("cluster:prod", _azure(tags={"team": "blue"})),
    "channel": ("cluster:prod", _azure(upgrade_channel="patch")),
    "ranges": ("cluster:prod", _azure(network={"authorized_ips": ["203.0.113.0/24"]})),
    "autoscaler": ("cluster:prod", _azure(autoscaler={"scan-interval": "20s"})),
    "addon": ("cluster:prod", _azure(policy=True)),
    "nodes": ("pool:one", _pool("one", count=5)),
    "labels": ("pool:one", _pool("one", labels={"a": "b"})),
    "taints": ("pool:two", _pool("two", taints=["a=b:NoSchedule"])),
    "pool tags": ("pool:two", _pool("two", tags={"a": "b"})),
    "surge": ("pool:system", _pool("system", max_surge="50%")),
    "new pool": (
        "pool:three",
        lambda pool_list, azure: pool_list.append(
            {"name": "three", "vm_size": "Standard_D2ds_v5", "count": 1}
        ),
    ),
}


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5))
def test_a_change_is_one_put_for_each_object_that_changes(site: AksSite, chosen: set[str]) -> None:
    """What changes is known here, not read off the plan."""
    base: list[Json] = [
        dict(SYSTEM),
        {"name": "one", "vm_size": "Standard_D2ds_v5", "count": 2},
        {"name": "two", "vm_size": "Standard_D2ds_v5", "autoscale": {"min": 1, "max": 4}},
    ]
    with site.azure.world.lock:
        site.azure.world.subscriptions[site.azure.subscription].groups.clear()
    site.write(base)
    assert site.apply() == 0
    pool_list, azure = copy.deepcopy(base), {}
    for name in chosen:
        CHANGES[name][1](pool_list, azure)
    expected = {CHANGES[name][0] for name in chosen}
    site.write(pool_list, **azure)
    assert set(site.ids()) == expected
    site.applied()
    assert site.azure.log.puts() == len(expected)
