"""What holds for every inventory: applied once it is in place; one PUT for each changed object."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.azure.aks_site import SYSTEM, AksSite

Json = dict[str, Any]
_words = st.text("abcdefghij", min_size=1, max_size=6)
_maps = st.dictionaries(_words, _words, max_size=3)
_SETTINGS = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _some(draw: st.DrawFn, fields: Mapping[str, st.SearchStrategy[Any]]) -> Json:
    """A part of the fields."""
    return {name: draw(values) for name, values in fields.items() if draw(st.booleans())}


@st.composite
def pools(draw: st.DrawFn) -> Json:
    """A user pool that Azure takes."""
    pool: Json = {"vm_size": draw(st.sampled_from(["Standard_D2ds_v5", "Standard_E4s_v5"]))}
    if draw(st.booleans()):
        low = draw(st.integers(0, 3))
        pool["autoscale"] = {"min": low, "max": draw(st.integers(max(1, low), 9))}
    else:
        pool["count"] = draw(st.integers(0, 4))
    return pool | _some(
        draw,
        {
            "labels": _maps,
            "tags": _maps,
            "taints": st.lists(_words.map(lambda word: f"{word}=x:NoSchedule"), max_size=2),
            "zones": st.sampled_from([[1], [1, 2, 3], [3, 1]]),
            "spot": st.sampled_from([True, {"max_price": 0.5}]),
            "max_surge": st.sampled_from(["33%", 2, "10%"]),
            "max_pods": st.sampled_from([30, 110]),
            "disk_size": st.sampled_from([64, 128]),
            "os_sku": st.sampled_from(["Ubuntu", "AzureLinux"]),
        },
    )


@st.composite
def inventories(draw: st.DrawFn) -> tuple[list[Json], Json]:
    """Pools and the `azure` part of an inventory."""
    names = draw(st.lists(_words, max_size=2, unique=True))
    extra = [{"name": name, **draw(pools())} for name in names if name != "system"]
    azure = _some(
        draw,
        {
            "kubernetes": st.sampled_from(["1.34", "1.35", "1.35.6", "1.36"]),
            "tier": st.sampled_from(["free", "standard", "premium"]),
            "tags": _maps,
            "upgrade_channel": st.sampled_from(["stable", "patch", "none"]),
            "node_os_channel": st.sampled_from(["NodeImage", "None"]),
            "autoscaler": st.sampled_from([{"scan-interval": "30s"}, {"expander": "priority"}]),
            "entra": st.sampled_from(
                [{"azure_rbac": True}, {"azure_rbac": True, "local_accounts": False}]
            ),
            "policy": st.booleans(),
            "keda": st.booleans(),
            "vpa": st.booleans(),
            "oidc": st.just(True),
            "network": st.sampled_from(
                [
                    {"plugin": "none"},
                    {"plugin": "azure"},
                    {"plugin": "azure", "mode": "overlay", "pods": "10.9.0.0/16"},
                    {"plugin": "azure", "mode": "overlay", "dataplane": "cilium"},
                    {"services": "10.8.0.0/16", "authorized_ips": ["203.0.113.0/24"]},
                    {"outbound": "loadBalancer", "load_balancer": {"ips": 2}},
                ]
            ),
            "maintenance": st.just([{"of": "node-os", "daily": {}, "start": "01:00"}]),
        },
    )
    return [dict(SYSTEM), *extra], azure


@_SETTINGS
@given(inventories())
def test_what_was_applied_is_in_place(site: AksSite, inventory: tuple[list[Json], Json]) -> None:
    """plan(spec, observe(apply(spec))) is empty."""
    pool_list, azure = inventory
    _fresh(site)
    site.write(pool_list, **azure)
    site.applied()
    assert site.azure.log.puts("managedClusters/prod") == 1


def _pool(name: str, **values: Any) -> Callable[[list[Json], Json], None]:
    def change(pool_list: list[Json], azure: Json) -> None:
        next(pool for pool in pool_list if pool["name"] == name).update(values)

    return change


def _azure(**values: Any) -> Callable[[list[Json], Json], None]:
    return lambda pool_list, azure: azure.update(values)


CHANGES: Mapping[str, tuple[str, Callable[[list[Json], Json], None]]] = {
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


@_SETTINGS
@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5))
def test_a_change_is_one_put_for_each_object_that_changes(site: AksSite, chosen: set[str]) -> None:
    """However many of its fields are different."""
    base: list[Json] = [
        dict(SYSTEM),
        {"name": "one", "vm_size": "Standard_D2ds_v5", "count": 2},
        {"name": "two", "vm_size": "Standard_D2ds_v5", "autoscale": {"min": 1, "max": 4}},
    ]
    _fresh(site)
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


def _fresh(site: AksSite) -> None:
    """Another Azure with nothing in it."""
    azure = site.azure
    with azure.world.lock:
        azure.world.subscriptions.clear()
        azure.world.subscribe(azure.subscription)
    azure.advance()
    azure.log.clear()
