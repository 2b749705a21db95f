"""What Azure refuses, the emulator refuses: one line a rule. Sources stand beside the rules."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.azure.emulator import Emulator
from tests.azure.regions import REGIONS, Region
from tests.azure.sdk import GROUP, Json, Sdk, cluster, system_pool, user_pool

OVERLAY = {"networkPlugin": "azure", "networkPluginMode": "overlay"}
MI = {"type": "SystemAssigned"}


def refused(error: HttpResponseError) -> tuple[int, str]:
    """Status and code."""
    assert error.error is not None
    return error.status_code or 0, str(error.error.code)


NEW: list[tuple[str, Json, str, str]] = [
    # what is wrong, the body, code, a part of the message
    ("an unknown field", cluster(colour="red"), "UnmarshalError", "colour"),
    ("a wrong type", cluster(enableRBAC="yes"), "UnmarshalError", "enableRBAC"),
    ("no DNS prefix", cluster(dnsPrefix=None), "InvalidParameter", "dnsPrefix"),
    ("no identity", cluster() | {"identity": None}, "InvalidParameter", "servicePrincipalProfile"),
    ("no pools", cluster() | {"properties": {"dnsPrefix": "c1"}}, "InvalidParameter", "agentPool"),
    ("no system pool", cluster(system_pool(mode="User")), "BadRequest", "one system pool"),
    ("an unknown region", cluster() | {"location": "mars"}, "LocationNotAvailable", "mars"),
    ("a version not offered", cluster(kubernetesVersion="1.20.2"), "K8sVersionNotSupported", ""),
    ("an LTS version", cluster(kubernetesVersion="1.33"), "K8sVersionNotSupported", "LTS"),
    ("basic load balancer", cluster(networkProfile={"loadBalancerSku": "basic"}), "BadRequest", ""),
    (
        "cilium policy without its dataplane",
        cluster(networkProfile={**OVERLAY, "networkPolicy": "cilium"}),
        "BadRequest",
        "networkDataplane cilium",
    ),
    (
        "overlapping ranges",
        cluster(networkProfile={**OVERLAY, "podCidr": "10.0.0.0/8"}),
        "ServiceCidrOverlap",
        "10.0.0.0/16",
    ),
    (
        "a DNS address outside the range",
        cluster(networkProfile={**OVERLAY, "dnsServiceIP": "10.1.0.10"}),
        "InvalidParameter",
        "10.1.0.10",
    ),
    ("no local accounts", cluster(disableLocalAccounts=True), "BadRequest", "non AAD"),
    (
        "private with authorized ranges",
        cluster(
            apiServerAccessProfile={
                "enablePrivateCluster": True,
                "authorizedIPRanges": ["203.0.113.0/24"],
            }
        ),
        "BadRequest",
        "private",
    ),
    (
        "workload identity without an issuer",
        cluster(securityProfile={"workloadIdentity": {"enabled": True}}),
        "BadRequest",
        "OIDC",
    ),
    (
        "logs without a workspace",
        cluster(azureMonitorProfile={"containerInsights": {"enabled": True}}),
        "LinkedInvalidPropertyId",
        "",
    ),
    ("a pool name", cluster(system_pool(name="System-1")), "InvalidParameter", "name"),
    ("no VM size", cluster(system_pool(vmSize=None)), "InvalidParameter", "vmSize"),
    ("a VM size", cluster(system_pool(vmSize="Standard_Tiny")), "BadRequest", "not allowed"),
    ("a small system pool", cluster(system_pool(vmSize="Standard_B1s")), "BadRequest", "too small"),
    ("a spot system pool", cluster(system_pool(scaleSetPriority="Spot")), "BadRequest", "Spot"),
    ("an empty system pool", cluster(system_pool(count=0)), "InvalidParameter", "between 1"),
    ("few pods", cluster(system_pool(maxPods=20)), "InvalidParameter", "30"),
    ("a taint", cluster(system_pool(nodeTaints=["a=b"])), "InvalidParameter", "nodeTaints"),
    (
        "bounds without autoscaling",
        cluster(system_pool(minCount=1, maxCount=3)),
        "InvalidParameter",
        "enableAutoScaling",
    ),
    (
        "bounds the wrong way round",
        cluster(system_pool(enableAutoScaling=True, minCount=3, maxCount=1)),
        "InvalidParameter",
        "minCount",
    ),
    (
        "a count outside the bounds",
        cluster(system_pool(enableAutoScaling=True, minCount=4, maxCount=5)),
        "InvalidParameter",
        "not between",
    ),
    (
        "a zone",
        cluster(system_pool(availabilityZones=["1"])) | {"location": "westus"},
        "AvailabilityZoneNotSupported",
        "''",
    ),
    (
        "too many tags",
        cluster() | {"tags": {str(n): "x" for n in range(51)}},
        "InvalidTags",
        "50",
    ),
]


@pytest.fixture(scope="module")
def shared() -> Any:
    """One emulator for all that is refused: nothing changes in it."""
    with Emulator() as azure:
        made = Sdk(azure)
        made.group()
        yield made


@pytest.mark.parametrize(("what", "body", "code", "says"), NEW, ids=[each[0] for each in NEW])
def test_a_new_cluster_is_refused(shared: Sdk, what: str, body: Json, code: str, says: str) -> None:
    with pytest.raises(HttpResponseError) as error:
        shared.put(body)
    status, found = refused(error.value)
    assert status == 400
    assert found.startswith(code)
    assert says in error.value.message
    assert "c1" not in [made.name for made in shared.aks.managed_clusters.list()]


CHANGED: list[tuple[str, Json, str, str]] = [
    # what is changed, properties of the cluster, code, target
    ("DNS prefix", {"dnsPrefix": "other"}, "PropertyChangeNotAllowed", "dnsPrefix"),
    ("RBAC", {"enableRBAC": False}, "PropertyChangeNotAllowed", "enableRBAC"),
    (
        "node resource group",
        {"nodeResourceGroup": "other"},
        "PropertyChangeNotAllowed",
        "nodeResourceGroup",
    ),
    (
        "plugin",
        {"networkProfile": {"networkPlugin": "none", "networkPluginMode": None}},
        "PropertyChangeNotAllowed",
        "networkProfile.networkPlugin",
    ),
    (
        "overlay",
        {"networkProfile": {"networkPluginMode": None}},
        "PropertyChangeNotAllowed",
        "networkProfile.networkPluginMode",
    ),
    (
        "pod range",
        {"networkProfile": {"podCidr": "10.245.0.0/16"}},
        "PropertyChangeNotAllowed",
        "networkProfile.podCidr",
    ),
    (
        "service range",
        {"networkProfile": {"serviceCidr": "10.9.0.0/16", "dnsServiceIP": "10.9.0.10"}},
        "PropertyChangeNotAllowed",
        "networkProfile.serviceCidr",
    ),
    (
        "private",
        {"apiServerAccessProfile": {"enablePrivateCluster": True}},
        "PropertyChangeNotAllowed",
        "apiServerAccessProfile.enablePrivateCluster",
    ),
    (
        "the issuer off",
        {"oidcIssuerProfile": {"enabled": False}},
        "BadRequest",
        "oidcIssuerProfile",
    ),
    ("two minors up", {"kubernetesVersion": "1.36"}, "OperationNotAllowed", "kubernetesVersion"),
    ("a patch down", {"kubernetesVersion": "1.34.9"}, "OperationNotAllowed", "kubernetesVersion"),
]


@pytest.fixture(scope="module")
def made(shared: Sdk) -> Sdk:
    """A cluster of 1.34 with two pools, that no refused change changes."""
    azure = shared.azure
    shared.aks.managed_clusters.begin_create_or_update(
        GROUP,
        "made",
        cluster(
            system_pool(),
            {"name": "work", **user_pool(availabilityZones=["1"], nodeLabels={"a": "b"})},
            kubernetesVersion="1.34",
            oidcIssuerProfile={"enabled": True},
        ),
    ).result()
    azure.log.clear()
    return shared


@pytest.mark.parametrize(("what", "change", "code", "target"), CHANGED, ids=[c[0] for c in CHANGED])
def test_a_change_of_a_cluster_is_refused(
    made: Sdk, what: str, change: Json, code: str, target: str
) -> None:
    before = made.get("made")
    body = {"location": "westeurope", "identity": MI, "properties": change}
    with pytest.raises(HttpResponseError) as error:
        made.put(body, "made")
    assert refused(error.value) == (400, code)
    assert target in str(error.value.error.target)  # type: ignore[union-attr]
    assert made.get("made") == before


POOL: list[tuple[str, Json, str, str]] = [
    ("size", {"vmSize": "Standard_D16ds_v5"}, "PropertyChangeNotAllowed", "vmSize"),
    ("zones", {"availabilityZones": ["1", "2"]}, "PropertyChangeNotAllowed", "availabilityZones"),
    ("pods", {"maxPods": 50}, "PropertyChangeNotAllowed", "maxPods"),
    ("system", {"osSKU": "Windows2022"}, "PropertyChangeNotAllowed", "OSSKU"),
    ("spot", {"scaleSetPriority": "Spot"}, "PropertyChangeNotAllowed", ""),
    ("disk", {"osDiskSizeGB": 256}, "PropertyChangeNotAllowed", "osDiskSizeGB"),
    ("a newer version", {"orchestratorVersion": "1.35"}, "NodePoolMcVersionIncompatible", ""),
    ("an image of nowhere", {"nodeImageVersion": "AKSUbuntu-1"}, "BadRequest", "nodeImageVersion"),
    ("too many nodes", {"count": 500}, "ErrCode_InsufficientVCPUQuota", ""),
    ("surge", {"upgradeSettings": {"maxSurge": "lots"}}, "InvalidParameter", "maxSurge"),
]


@pytest.mark.parametrize(("what", "change", "code", "target"), POOL, ids=[c[0] for c in POOL])
def test_a_change_of_a_pool_is_refused(
    made: Sdk, what: str, change: Json, code: str, target: str
) -> None:
    with pytest.raises(HttpResponseError) as error:
        made.put_pool("work", change, "made")
    assert refused(error.value) == (400, code)
    assert target in str(error.value.error.target)  # type: ignore[union-attr]


def test_the_last_system_pool_does_not_become_a_user_pool(made: Sdk) -> None:
    with pytest.raises(HttpResponseError, match="at least one system node pool"):
        made.put_pool("system", {"mode": "User"}, "made")


def test_a_new_pool_needs_a_mode_and_a_version_not_newer(made: Sdk) -> None:
    with pytest.raises(HttpResponseError, match="mode is missing"):
        made.put_pool("extra", {"vmSize": "Standard_D4ds_v5", "count": 1}, "made")
    with pytest.raises(HttpResponseError) as error:
        made.put_pool("extra", user_pool(orchestratorVersion="1.36"), "made")
    assert refused(error.value)[1] == "NodePoolMcVersionIncompatible"


def test_the_count_is_the_autoscalers_while_it_is_on(made: Sdk) -> None:
    made.put_pool("scaled", user_pool(enableAutoScaling=True, minCount=2, maxCount=5), "made")
    with pytest.raises(HttpResponseError, match="scaled by the cluster autoscaler"):
        made.put_pool("scaled", {"count": 4}, "made")
    off = made.put_pool("scaled", {"enableAutoScaling": False, "count": 4}, "made")
    assert "minCount" not in off["properties"]
    made.aks.agent_pools.begin_delete(GROUP, "made", "scaled").result()


def test_a_cluster_stays_where_it_is(made: Sdk) -> None:
    with pytest.raises(HttpResponseError) as error:
        made.put(cluster() | {"location": "northeurope"}, "made")
    assert refused(error.value) == (409, "InvalidResourceLocation")


def test_a_size_that_the_subscription_may_not_use_and_the_quota_of_a_family() -> None:
    region = Region(
        "westeurope",
        family_cpus={"standardDDSv5Family": 10},
        without=frozenset({"Standard_D2ds_v5"}),
    )
    with Emulator(regions={**REGIONS, "westeurope": region}) as azure:
        sdk = Sdk(azure)
        sdk.group()
        with pytest.raises(HttpResponseError, match="not allowed in your subscription"):
            sdk.put(cluster(system_pool(vmSize="Standard_D2ds_v5")))
        with pytest.raises(HttpResponseError, match="requested 12, remaining 10 for family"):
            sdk.put(cluster())
        sdk.put(cluster(system_pool(count=2)))
