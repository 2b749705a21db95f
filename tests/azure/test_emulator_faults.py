"""Planned bad days: cut connections, busy clusters, throttling, failed operations."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError

from tests.azure.emulator import Emulator
from tests.azure.faults import (
    Cut,
    CutConnection,
    FailOperation,
    allocation_failed,
    busy,
    internal_error,
    puts,
    throttled,
)
from tests.azure.sdk import GROUP, Sdk, cluster, user_pool


def test_a_connection_cut_before_or_after_the_work_is_seen_as_that(
    azure: Emulator, sdk: Sdk
) -> None:
    sdk.group()
    hasty = Sdk(azure, retry_total=0)
    azure.plan(CutConnection(1, Cut.BEFORE))
    with pytest.raises(Exception, match="Connection"):
        hasty.put(cluster())
    assert list(sdk.aks.managed_clusters.list()) == []
    azure.plan(CutConnection(1, Cut.AFTER))
    with pytest.raises(Exception, match="Connection"):
        hasty.put(cluster())
    assert sdk.get()["properties"]["provisioningState"] in {"Creating", "Succeeded"}


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("when", [Cut.BEFORE, Cut.AFTER])
def test_the_sdk_gets_over_a_cut_at_every_request_of_a_create(
    azure: Emulator, sdk: Sdk, number: int, when: Cut
) -> None:
    """Or it is told that its first PUT went through: 409, which callers must expect."""
    sdk.group()
    azure.plan(CutConnection(number, when))
    if (number, when) == (1, Cut.AFTER):
        with pytest.raises(ResourceExistsError, match="Another operation"):
            sdk.put(cluster())
    else:
        sdk.put(cluster())
    azure.advance()
    assert sdk.get()["properties"]["provisioningState"] == "Succeeded"


def test_a_busy_cluster_says_so_as_often_as_planned(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    azure.plan(busy(2, matching=puts))
    for _ in range(2):
        with pytest.raises(ResourceExistsError) as refused:
            sdk.put_pool("work", user_pool())
        assert refused.value.error.code == "OperationNotAllowed"
        assert "aka.ms/aks-pending-operation" in refused.value.message
    sdk.put_pool("work", user_pool())


def test_a_storm_of_429_is_sat_out_with_retry_after(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    azure.plan(throttled(3, matching=puts))
    sdk.put(cluster())
    statuses = [entry.status for entry in azure.log.of("PUT", under="managedClusters/c1")]
    assert statuses == [429, 429, 429, 201]


def test_errors_of_the_service_itself_are_tried_again(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    azure.plan(internal_error(2, matching=puts))
    assert sdk.put(cluster())["properties"]["provisioningState"] == "Succeeded"


def test_the_bucket_of_puts_runs_dry_and_fills_again() -> None:
    with Emulator(put_bucket=1) as azure:
        sdk = Sdk(azure, retry_total=0)
        sdk.group()
        sdk.put(cluster())
        with pytest.raises(HttpResponseError) as refused:
            sdk.put(cluster())
        assert refused.value.status_code == 429
        assert 1 <= int(refused.value.response.headers["Retry-After"]) <= 60
        azure.advance(60)
        sdk.put(cluster())


@pytest.mark.parametrize("stage", ["control-plane", "pools"])
def test_a_failed_create_stays_failed_and_the_same_put_repairs_it(
    azure: Emulator, sdk: Sdk, stage: str
) -> None:
    sdk.group()
    azure.plan(FailOperation("create", allocation_failed(), "managedClusters/c1", stage))
    with pytest.raises(HttpResponseError) as failed:
        sdk.put(cluster())
    assert failed.value.status_code == 200  # an operation that failed is told in a body of 200
    assert failed.value.error.code == "AllocationFailed"
    properties = sdk.get()["properties"]
    assert properties["provisioningState"] == "Failed"
    assert properties["agentPoolProfiles"][0]["provisioningState"] == "Failed"
    assert ("fqdn" in properties) is (stage == "pools")
    repaired = sdk.put(cluster())["properties"]
    assert repaired["provisioningState"] == "Succeeded"
    assert repaired["fqdn"].endswith(".azmk8s.io")


def test_a_failed_upgrade_leaves_the_version_and_is_repeated(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    azure.plan(FailOperation("upgrade", allocation_failed(), stage="control-plane"))
    with pytest.raises(HttpResponseError):
        sdk.put(cluster(kubernetesVersion="1.36"))
    failed = sdk.get()["properties"]
    assert failed["kubernetesVersion"] == "1.36"
    assert failed["currentKubernetesVersion"] == "1.35.7"
    done = sdk.put(cluster(kubernetesVersion="1.36"))["properties"]
    assert done["currentKubernetesVersion"] == "1.36.3"


def test_the_service_works_on_after_a_create_without_saying_so() -> None:
    """Azure/telescope#1213: Succeeded, and still 409."""
    with Emulator(background=60.0) as azure:
        sdk = Sdk(azure)
        sdk.group()
        assert sdk.put(cluster())["properties"]["provisioningState"] == "Succeeded"
        with pytest.raises(ResourceExistsError, match="in progress"):
            sdk.put_pool("work", user_pool())
        azure.advance(60)
        sdk.put_pool("work", user_pool())


def test_an_operation_can_be_aborted(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    azure.world.clock.pace = 0
    poller = sdk.aks.managed_clusters.begin_create_or_update(GROUP, "c1", cluster(), polling=False)
    poller.result()
    sdk.aks.managed_clusters.begin_abort_latest_operation(GROUP, "c1", polling=False).result()
    assert sdk.get()["properties"]["provisioningState"] == "Canceled"
    sdk.put(cluster(), polling=False)
    azure.advance()
    assert sdk.get()["properties"]["provisioningState"] == "Succeeded"


def test_an_operation_is_resumed_from_its_continuation_token(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    begin = sdk.aks.managed_clusters.begin_create_or_update
    token = begin(GROUP, "c1", cluster()).continuation_token()
    begin2 = Sdk(azure).aks.managed_clusters.begin_create_or_update
    made = begin2(GROUP, "c1", cluster(), continuation_token=token).result()
    assert made.provisioning_state == "Succeeded"
    assert azure.log.puts("managedClusters/c1") == 1
