"""Clusters through the real SDK: created, updated, refused, deleted."""

from __future__ import annotations

import pytest
import yaml
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from tests.azure.emulator import Emulator
from tests.azure.sdk import GROUP, Sdk, cluster, system_pool, user_pool


def test_a_cluster_is_created_by_one_put_and_filled_in_by_the_service(
    azure: Emulator, sdk: Sdk
) -> None:
    sdk.group()
    made = sdk.put(cluster(networkProfile={"loadBalancerSku": "standard"}))
    properties = made["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["kubernetesVersion"] == "1.35"
    assert properties["currentKubernetesVersion"] == "1.35.7"
    assert properties["networkProfile"]["loadBalancerSku"] == "Standard"
    assert properties["nodeResourceGroup"] == "MC_rg1_c1_westeurope"
    assert properties["agentPoolProfiles"][0]["osDiskSizeGB"] == 128
    assert made["id"].startswith(f"/subscriptions/{azure.subscription}/resourcegroups/rg1/")
    assert azure.log.puts("managedClusters/c1") == 1
    assert sdk.get() == made


def test_an_operation_is_seen_in_progress_before_it_is_done(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    azure.world.clock.pace = 0
    poller = sdk.aks.managed_clusters.begin_create_or_update(GROUP, "c1", cluster(), polling=False)
    assert poller.result().as_dict()["properties"]["provisioningState"] == "Creating"
    with pytest.raises(ResourceExistsError, match="Another operation"):
        sdk.put(cluster())
    azure.advance()
    assert sdk.get()["properties"]["provisioningState"] == "Succeeded"


def test_safe_create_and_update_by_etag(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster(), etag="*", match_condition=MatchConditions.IfMissing)
    with pytest.raises(ResourceExistsError):
        sdk.put(cluster(), etag="*", match_condition=MatchConditions.IfMissing)
    old = sdk.get()["eTag"]
    sdk.put(cluster(), etag=old, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError) as refused:
        sdk.put(cluster(), etag=old, match_condition=MatchConditions.IfNotModified)
    assert refused.value.error.code == "EtagMismatch"


def test_a_pool_is_added_by_its_own_api_only(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    with pytest.raises(HttpResponseError, match="A new agent pool was introduced"):
        sdk.put(cluster(system_pool(), {"name": "work", **user_pool()}))
    sdk.put_pool("work", user_pool())
    assert [p["name"] for p in sdk.get()["properties"]["agentPoolProfiles"]] == ["system", "work"]
    sdk.aks.agent_pools.begin_delete(GROUP, "c1", "work").result()
    with pytest.raises(HttpResponseError, match="There has to be at least one"):
        sdk.aks.agent_pools.begin_delete(GROUP, "c1", "system").result()


def test_deleting_waits_and_takes_the_node_group_along(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    assert sdk.resources.resource_groups.check_existence("MC_rg1_c1_westeurope")
    sdk.aks.managed_clusters.begin_delete(GROUP, "c1").result()
    with pytest.raises(ResourceNotFoundError):
        sdk.get()
    assert not sdk.resources.resource_groups.check_existence("MC_rg1_c1_westeurope")
    sdk.aks.managed_clusters.begin_delete(GROUP, "c1").result()


def test_the_admin_kubeconfig_is_refused_when_local_accounts_are_disabled(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    [config] = sdk.aks.managed_clusters.list_cluster_admin_credentials(GROUP, "c1").kubeconfigs
    assert yaml.safe_load(config.value)["current-context"] == "c1-admin"
    sdk.put(cluster(aadProfile={"managed": True}, disableLocalAccounts=True))
    with pytest.raises(HttpResponseError, match="disable local accounts"):
        sdk.aks.managed_clusters.list_cluster_admin_credentials(GROUP, "c1")
    [config] = sdk.aks.managed_clusters.list_cluster_user_credentials(
        GROUP, "c1", format="exec"
    ).kubeconfigs
    assert yaml.safe_load(config.value)["users"][0]["user"]["exec"]["command"] == "kubelogin"
