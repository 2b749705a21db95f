"""Random specs: what was applied is what is observed, and every changed object is one PUT."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.azure.aks_site import SYSTEM, AksSite
from tests.azure.emulator import Emulator

NAMES = ("work", "batch", "web")
SIZES = ("Standard_D4ds_v5", "Standard_D8ds_v5")


def _some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these fields, none of them needed."""
    return st.fixed_dictionaries({}, optional=fields)


AZURE = _some(
    {
        "tier": st.sampled_from(["free", "standard"]),
        "upgrade_channel": st.sampled_from(["stable", "patch", "none"]),
        "node_os_channel": st.sampled_from(["NodeImage", "SecurityPatch", "None"]),
        "autoscaler": st.dictionaries(
            st.sampled_from(["expander", "scan-interval"]), st.just("random"), max_size=1
        ),
        "policy": st.booleans(),
        "key_vault": st.one_of(st.booleans(), st.just({"rotation": True, "interval": "2m"})),
        "keda": st.booleans(),
        "vpa": st.booleans(),
        "monitoring": _some({"prometheus": st.booleans()}),
        "tags": st.dictionaries(st.sampled_from(["a", "b.c"]), st.sampled_from(["x", "Y"])),
        "entra": st.just({"admin_groups": ["11111111-1111-1111-1111-111111111111"]}),
        "network": _some(
            {
                "authorized_ips": st.lists(
                    st.sampled_from(["192.0.2.0/24", "198.51.100.7/32"]), unique=True
                ),
                "load_balancer": _some(
                    {"ips": st.integers(1, 3), "idle_timeout": st.integers(4, 9)}
                ),
            }
        ),
        "maintenance": st.lists(
            st.builds(
                lambda day: {"of": "upgrades", "weekly": {"day": day}},
                st.sampled_from(["Monday", "Sunday"]),
            ),
            max_size=1,
        ),
    }
)
SCALE = st.one_of(
    st.builds(lambda n: {"count": n}, st.integers(1, 4)),
    st.builds(
        lambda n, m: {"autoscale": {"min": n, "max": n + m}}, st.integers(1, 3), st.integers(0, 4)
    ),
)
POOL = st.builds(
    lambda size, scale, more: {"vm_size": size, **scale, **more},
    st.sampled_from(SIZES),
    SCALE,
    _some(
        {
            "labels": st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "Y"])),
            "taints": st.lists(st.sampled_from(["a=b:NoSchedule", "c=d:NoExecute"]), unique=True),
            "zones": st.lists(st.sampled_from([1, 2, 3]), unique=True, min_size=1),
            "spot": st.one_of(st.booleans(), st.just({"max_price": 0.5})),
            "max_surge": st.sampled_from([1, "33%"]),
            "tags": st.dictionaries(st.sampled_from(["a"]), st.sampled_from(["x", "Y"])),
            "os_sku": st.sampled_from(["Ubuntu", "AzureLinux"]),
        }
    ),
)
POOLS = st.dictionaries(st.sampled_from(NAMES), POOL, max_size=2)
PUTS = ("group", "cluster", "pool", "upgrade", "maintenance", "resource")


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.tuples(AZURE, POOLS), st.tuples(AZURE, POOLS), st.sampled_from(["1.35", "1.36"]))
def test_applied_is_observed_and_puts_are_changes(
    site: AksSite,
    monkeypatch: pytest.MonkeyPatch,
    first: tuple[dict[str, Any], dict[str, Any]],
    second: tuple[dict[str, Any], dict[str, Any]],
    version: str,
) -> None:
    """A new cluster, then any other spec over it."""
    monkeypatch.setattr("kprov.engine.managed_run.drain", lambda *_, **__: None)
    with site.azure.world.lock:
        site.azure.world.subscriptions[site.azure.subscription].groups.clear()
    for (azure, pools), kubernetes in ((first, "1.35"), (second, version)):
        written = [SYSTEM, *({"name": name, **its} for name, its in pools.items())]
        site.write(written, kubernetes=kubernetes, **azure)
        changes = site.plan()
        assert site.apply() == 0, site.err + site.out
        expected = [
            its["id"]
            for its in changes
            if its["action"] != "remove" and its["id"].partition(":")[0] in PUTS
        ]
        assert len(site.azure.log.of("PUT", accepted=True)) == len(expected), site.writes
        assert site.plan() == []


@pytest.fixture
def azure() -> Any:
    """Time passes faster: fewer questions about each operation."""
    with Emulator(pace=40) as made:
        yield made
