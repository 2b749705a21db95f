"""What is around clusters: groups, locks, providers, tags, roles, windows, Traffic Manager."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.azure.emulator import Emulator, stand_in
from tests.azure.sdk import GROUP, Json, Sdk, cluster

LOCKS = "2020-05-01"
ROLES = "2022-04-01"


def test_deleting_a_group_takes_everything_along(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    sdk.resources.resource_groups.begin_delete(GROUP).result()
    assert [group.name for group in sdk.resources.resource_groups.list()] == []
    with pytest.raises(ResourceNotFoundError) as missing:
        sdk.get()
    assert missing.value.error.code == "ResourceGroupNotFound"


def test_a_locked_group_loses_nothing(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    lock = (
        f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}/providers/"
        "Microsoft.Authorization/locks/keep"
    )
    by_id = sdk.resources.resources
    by_id.begin_create_or_update_by_id(
        lock, {"properties": {"level": "CanNotDelete"}}, api_version=LOCKS
    ).result()
    for delete in (
        lambda: sdk.aks.managed_clusters.begin_delete(GROUP, "c1"),
        lambda: sdk.resources.resource_groups.begin_delete(GROUP),
    ):
        with pytest.raises(HttpResponseError) as refused:
            delete()
        assert refused.value.error.code == "ScopeLocked"
    sdk.put(cluster())
    by_id.begin_delete_by_id(lock, api_version=LOCKS).result()
    sdk.aks.managed_clusters.begin_delete(GROUP, "c1").result()


def test_a_provider_is_registered_before_anything_is_made(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    registered = azure.world.subscriptions[azure.subscription].registered
    del registered["microsoft.containerservice"]
    with pytest.raises(HttpResponseError) as refused:
        sdk.put(cluster())
    assert refused.value.error.code == "MissingSubscriptionRegistration"
    assert refused.value.error.details[0].target == "Microsoft.ContainerService"
    providers = sdk.resources.providers
    assert providers.register("Microsoft.ContainerService").registration_state == "Registering"
    while providers.get("Microsoft.ContainerService").registration_state != "Registered":
        pass
    sdk.put(cluster())


def test_tags_are_replaced_by_a_put_and_merged_at_a_scope(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    made = sdk.put(cluster() | {"tags": {"a": "1"}})
    patch: Any = {"operation": "Merge", "properties": {"tags": {"b": "2"}}}
    sdk.resources.tags.begin_update_at_scope(made["id"], patch).result()
    azure.advance()
    assert sdk.get()["tags"] == {"a": "1", "b": "2"}
    sdk.aks.managed_clusters.begin_update_tags(GROUP, "c1", {"tags": {"c": "3"}}).result()
    assert sdk.get()["tags"] == {"c": "3"}
    assert sdk.put(cluster()).get("tags", {}) == {}


def test_a_role_is_given_once(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    registry = (
        f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}/providers/"
        "Microsoft.ContainerRegistry/registries/images"
    )
    body: Json = {
        "properties": {
            "roleDefinitionId": f"/subscriptions/{azure.subscription}/providers/"
            "Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
            "principalId": "77777777-7777-4777-8777-777777777777",
        }
    }
    assignment = registry + "/providers/Microsoft.Authorization/roleAssignments/"
    by_id = sdk.resources.resources
    with pytest.raises(ResourceNotFoundError):
        by_id.begin_create_or_update_by_id(
            assignment + azure.tenant, body, api_version=ROLES
        ).result()
    sdk.resources.providers.register("Microsoft.ContainerRegistry")
    sdk.resources.providers.get("Microsoft.ContainerRegistry")
    by_id.begin_create_or_update_by_id(
        registry,
        {"location": "westeurope", "sku": {"name": "Basic"}},
        api_version="2023-07-01",
    ).result()
    by_id.begin_create_or_update_by_id(assignment + azure.tenant, body, api_version=ROLES).result()
    with pytest.raises(HttpResponseError) as refused:
        by_id.begin_create_or_update_by_id(
            assignment + azure.client, body, api_version=ROLES
        ).result()
    assert refused.value.error.code == "RoleAssignmentExists"


def test_a_maintenance_window_is_checked_and_filled_in(sdk: Sdk) -> None:
    sdk.group()
    sdk.put(cluster())
    windows = sdk.aks.maintenance_configurations
    window: Json = {
        "schedule": {"weekly": {"intervalWeeks": 1, "dayOfWeek": "Sunday"}},
        "durationHours": 4,
        "startTime": "01:00",
    }
    name = "aksManagedAutoUpgradeSchedule"
    made = windows.create_or_update(
        GROUP, "c1", name, {"properties": {"maintenanceWindow": window}}
    ).as_dict()
    assert made["properties"]["maintenanceWindow"]["utcOffset"] == "+00:00"
    for bad, says in [
        ({**window, "durationHours": 3}, "durationHours"),
        ({**window, "schedule": {}}, "schedule"),
        ({**window, "schedule": {"daily": {"intervalDays": 1}}}, "node OS"),
        ({**window, "startTime": "1am"}, "startTime"),
    ]:
        with pytest.raises(HttpResponseError, match=says):
            windows.create_or_update(GROUP, "c1", name, {"properties": {"maintenanceWindow": bad}})
    with pytest.raises(HttpResponseError, match="maintenance configuration name"):
        windows.create_or_update(GROUP, "c1", "mine", {"properties": {"maintenanceWindow": window}})
    assert [each.name for each in windows.list_by_managed_cluster(GROUP, "c1")] == [name]
    windows.delete(GROUP, "c1", name)
    assert list(windows.list_by_managed_cluster(GROUP, "c1")) == []


def profile(*targets: str, **changes: Any) -> Json:
    """A Traffic Manager profile with these targets, first come first."""
    return {
        "location": "global",
        "properties": {
            "trafficRoutingMethod": "Priority",
            "dnsConfig": {"relativeName": "kprov-shop", "ttl": 30},
            "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/healthz"},
            "endpoints": [
                {
                    "name": f"e{number}",
                    "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
                    "properties": {"target": target, "priority": number},
                }
                for number, target in enumerate(targets, start=1)
            ],
            **changes,
        },
    }


def test_a_traffic_manager_profile_leads_to_two_targets(sdk: Sdk) -> None:
    sdk.group()
    made = sdk.traffic.profiles.create_or_update(GROUP, "shop", profile("a.example", "b.example"))
    properties = made.as_dict()["properties"]
    assert properties["dnsConfig"]["fqdn"] == "kprov-shop.trafficmanager.net"
    assert [it["properties"]["priority"] for it in properties["endpoints"]] == [1, 2]
    sdk.traffic.profiles.delete(GROUP, "shop")
    with pytest.raises(ResourceNotFoundError):
        sdk.traffic.profiles.get(GROUP, "shop")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (profile("a.example", "a.example"), "target"),
        (profile() | {"location": "westeurope"}, "global"),
        (profile(monitorConfig={"protocol": "HTTPS", "port": 443, "path": "x"}), "path"),
        (
            profile(
                monitorConfig={
                    "protocol": "TCP",
                    "port": 443,
                    "intervalInSeconds": 10,
                    "timeoutInSeconds": 10,
                }
            ),
            "timeout",
        ),
        (profile(trafficRoutingMethod="Best"), "routing method"),
    ],
)
def test_a_profile_is_refused(sdk: Sdk, body: Json, says: str) -> None:
    sdk.group()
    with pytest.raises(HttpResponseError, match=says):
        sdk.traffic.profiles.create_or_update(GROUP, "shop", body)


def test_a_name_of_traffic_manager_is_everybodys(azure: Emulator, sdk: Sdk) -> None:
    sdk.group()
    sdk.group("rg2")
    sdk.traffic.profiles.create_or_update(GROUP, "shop", profile())
    with pytest.raises(HttpResponseError, match="already exists"):
        sdk.traffic.profiles.create_or_update("rg2", "other", profile())


def test_the_kubeconfig_leads_to_the_api_server_that_stands_in(tmp_path: Path) -> None:
    server = {
        "clusters": [{"cluster": {"server": "https://192.0.2.1:6443"}}],
        "users": [{"user": {"token": "t"}}],
    }
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(yaml.safe_dump(server))
    with Emulator(kubeconfig=stand_in(kubeconfig)) as azure:
        sdk = Sdk(azure)
        sdk.group()
        sdk.put(cluster())
        [found] = sdk.aks.managed_clusters.list_cluster_admin_credentials(GROUP, "c1").kubeconfigs
    config = yaml.safe_load(found.value)
    assert config["clusters"][0]["cluster"]["server"] == "https://192.0.2.1:6443"
    assert config["users"][0] == {"name": "clusterAdmin_rg1_c1", "user": {"token": "t"}}
