"""Versions: what is offered, who follows whom."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError
from hypothesis import given
from hypothesis import strategies as st

from tests.azure.sdk import GROUP, REGION, Sdk, cluster, system_pool, user_pool
from tests.azure.versions import CATALOGUE, minor, parts


def test_two_minors_up_the_control_plane_first(sdk: Sdk) -> None:
    sdk.group()
    pools = (system_pool(), {"name": "work", **user_pool()})
    sdk.put(cluster(*pools, kubernetesVersion="1.34"))
    for version, full in [("1.35", "1.35.7"), ("1.36", "1.36.3")]:
        with pytest.raises(HttpResponseError) as refused:
            sdk.put_pool("work", user_pool(orchestratorVersion=version))
        assert refused.value.error.code == "NodePoolMcVersionIncompatible"
        moved = sdk.put(cluster(*pools, kubernetesVersion=version))["properties"]
        assert moved["currentKubernetesVersion"] == full
        assert moved["agentPoolProfiles"][0]["currentOrchestratorVersion"] != full
        for name in ("system", "work"):
            pool = sdk.put_pool(name, {"orchestratorVersion": full})["properties"]
            assert pool["currentOrchestratorVersion"] == full


def test_a_pool_skips_no_minor(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster(kubernetesVersion="1.34"))
    sdk.put(cluster(kubernetesVersion="1.35"))
    sdk.put(cluster(kubernetesVersion="1.36"))
    with pytest.raises(HttpResponseError) as refused:
        sdk.put_pool("system", {"orchestratorVersion": "1.36"})
    assert refused.value.error.code == "AgentPoolUpgradeVersionNotAllowed"


def test_control_plane_and_pools_go_in_one_put_when_it_says_so(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    pool = system_pool(orchestratorVersion="1.36.3")
    done = sdk.put(cluster(pool, kubernetesVersion="1.36.3"))["properties"]
    assert done["currentKubernetesVersion"] == "1.36.3"
    assert done["agentPoolProfiles"][0]["currentOrchestratorVersion"] == "1.36.3"


def test_a_minor_never_moves_a_patch_by_itself(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster(kubernetesVersion="1.35.6"))
    same = sdk.put(cluster(kubernetesVersion="1.35"))["properties"]
    assert same["currentKubernetesVersion"] == "1.35.6"
    assert same["kubernetesVersion"] == "1.35"


def test_lts_versions_are_for_those_who_pay(sdk: Sdk) -> None:
    sdk.group()
    body = cluster(kubernetesVersion="1.33", supportPlan="AKSLongTermSupport")
    with pytest.raises(HttpResponseError, match="Premium"):
        sdk.put(body)
    made = sdk.put(body | {"sku": {"name": "Base", "tier": "Premium"}})
    assert made["properties"]["currentKubernetesVersion"] == "1.33.11"


def test_what_is_listed_is_what_is_allowed(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster(kubernetesVersion="1.34.9"))
    listed = sdk.aks.managed_clusters.list_kubernetes_versions(REGION).as_dict()["values"]
    by_minor = {each["version"]: each for each in listed}
    profile = sdk.aks.managed_clusters.get_upgrade_profile(GROUP, "c1").as_dict()
    offered = [
        each["kubernetesVersion"]
        for each in profile["properties"]["controlPlaneProfile"]["upgrades"]
    ]
    assert offered == by_minor["1.34"]["patchVersions"]["1.34.9"]["upgrades"]
    fitting = sdk.aks.agent_pools.get_available_agent_pool_versions(GROUP, "c1").as_dict()
    versions = [it["kubernetesVersion"] for it in fitting["properties"]["agentPoolVersions"]]
    assert versions == ["1.33.10", "1.33.11", "1.34.9"]


@given(st.sampled_from(CATALOGUE.patches()))
def test_upgrades_only_lead_up_and_by_one_minor(version: str) -> None:
    for found in CATALOGUE.upgrades(version):
        assert parts(found) > parts(version)
        assert minor(found) - minor(version) in {0, 1}
