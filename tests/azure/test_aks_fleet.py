"""Two clusters in two regions and a Traffic Manager profile in front: one plan, one apply."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.azure.aks_site import SYSTEM, AksSite
from tests.azure.fake_kubernetes import FakeKubernetes, fake_kubernetes
from tests.azure.faults import FailOperation, allocation_failed
from tests.azure.world import Settings

WEST, NORTH = "ingress-nginx/ingress-nginx-controller", "edge/gateway"


@pytest.fixture
def ingress(site: AksSite) -> Any:
    """The API server of both clusters; it has no ingress yet."""
    with fake_kubernetes() as api:
        kubeconfig = api.kubeconfig()
        site.azure.world.settings = Settings(kubeconfig=lambda _: kubeconfig)
        yield api


def write(site: AksSite, *, tier: str = "standard", **traffic: Any) -> None:
    """Two clusters that share all but name and place."""
    regions = {"weu": "westeurope", "neu": "northeurope"}
    clusters = [
        {
            "name": name,
            "azure": {"resource_group": {"name": f"rg-{name}", "location": region, "create": True}},
        }
        for name, region in regions.items()
    ]
    shared = site.base() | {"tier": tier}
    del shared["resource_group"]
    endpoints = [{"cluster": "weu"}, {"cluster": "neu", "service": NORTH}]
    inventory = {
        "cluster": {"name": "pair", "provider": "aks", "azure": shared, "pools": [dict(SYSTEM)]},
        "clusters": clusters,
        "failover": {"traffic_manager": {"dns": "shop", "endpoints": endpoints, **traffic}},
    }
    site.inventory.write_text(yaml.safe_dump(inventory))


def profile(site: AksSite) -> dict[str, Any]:
    """As Azure has it."""
    groups = site.azure.world.subscriptions[site.azure.subscription].groups
    return groups["rg-weu"].traffic_managers["shop"]["properties"]


def test_both_are_made_and_the_name_follows_when_they_answer(
    site: AksSite, ingress: FakeKubernetes
) -> None:
    """The profile comes last; endpoints as soon as ingresses have addresses."""
    write(site)
    changes = site.ids()
    assert changes == [
        "group:rg-weu", "cluster:weu", "group:rg-neu", "cluster:neu", "profile:shop"
    ]  # fmt: skip
    assert site.apply() == 0, site.err + site.out
    assert site.writes[-1] == "PUT trafficmanagerprofiles/shop"
    assert profile(site)["endpoints"] == []
    site.unchanged()
    assert "weu has no ingress address yet" in site.err
    ingress.services |= {WEST: "192.0.2.7", NORTH: "192.0.2.8"}
    site.applied()
    assert site.writes == ["PUT trafficmanagerprofiles/shop"]
    found = {its["name"]: its["properties"] for its in profile(site)["endpoints"]}
    assert {name: (its["target"], its["priority"]) for name, its in found.items()} == {
        "weu": ("192.0.2.7", 1),
        "neu": ("192.0.2.8", 2),
    }


def test_a_probe_changes_in_place_and_drift_is_seen(site: AksSite, ingress: FakeKubernetes) -> None:
    """And clusters of the pair change together."""
    ingress.services |= {WEST: "192.0.2.7", NORTH: "192.0.2.8"}
    write(site)
    assert site.apply() == 0, site.err + site.out
    site.applied()
    write(site, tier="free", probe={"path": "/healthz", "port": 8443})
    assert site.ids() == ["cluster:weu", "cluster:neu", "profile:shop"]
    site.applied()
    profile(site)["endpoints"][0]["properties"]["target"] = "198.51.100.1"
    assert site.run("status", "-o", "json") == 2
    clusters = json.loads(site.out)["clusters"]
    assert list(clusters) == ["weu", "neu", "failover"]
    assert clusters["failover"]["drift"][0]["id"] == "profile:shop"


def test_what_fails_in_one_region_does_not_stop_the_other(
    site: AksSite, ingress: FakeKubernetes
) -> None:
    """But users are not led anywhere before all is well."""
    write(site)
    site.azure.plan(FailOperation("create", allocation_failed(), "managedClusters/neu"))
    assert site.apply() == 1
    assert site.ids() == ["cluster:neu", "pool:system", "profile:shop"]
    site.applied()


def test_a_cluster_alone_and_all_contexts(site: AksSite, ingress: FakeKubernetes) -> None:
    """--limit names clusters; kubeconfig has all of them."""
    write(site)
    assert site.apply("--limit", "neu") == 0, site.err
    assert site.writes == ["PUT resourcegroups/rg-neu", "PUT managedClusters/neu"]
    assert site.run("plan", "--limit", "nue") == 3
    assert "there are: weu, neu" in site.err
    assert site.apply() == 0
    assert site.run("kubeconfig") == 0
    contexts = yaml.safe_load(site.out)["contexts"]
    assert [its["name"] for its in contexts] == ["weu", "neu"]


def test_reset_takes_all_of_it_away(site: AksSite, ingress: FakeKubernetes) -> None:
    """The name first, so that nobody is led to what is going."""
    write(site)
    assert site.apply() == 0
    site.azure.log.clear()
    assert site.run("reset", "-y") == 0, site.err + site.out
    assert site.writes[0] == "DELETE trafficmanagerprofiles/shop"
    groups = site.azure.world.subscriptions[site.azure.subscription].groups
    assert not [name for name in groups if name.startswith("rg-")]
