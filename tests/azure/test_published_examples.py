"""Every published example drives the real SDK against the emulator: requests and answers compared.

The examples are shapes, not meaning (versions of long ago, counts above their maximum), so the
emulator runs in its lax mode.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.azure import published
from tests.azure.emulator import Emulator
from tests.azure.sdk import Sdk

pytestmark = pytest.mark.skipif(
    published.folder() is None,
    reason="the published examples folder is not here; KPROV_AKS_EXAMPLES names it",
)

EXPECTED = {
    # which of the versions is a preview or the default is data of the example
    "ManagedClustersGetUpgradeProfile.json": {
        "properties.agentPoolProfiles[0].upgrades[1].isPreview: missing",
        "properties.controlPlaneProfile.upgrades[0].isPreview: missing",
    },
    "AgentPoolsGetAgentPoolAvailableVersions.json": {
        "properties.agentPoolVersions[2].default: missing",
        "properties.agentPoolVersions[2].isPreview: missing",
    },
    "MaintenanceConfigurationsCreate_Update_MaintenanceWindow.json": {
        # the example itself answers with another schedule than was sent
        "properties.maintenanceWindow.schedule.weekly: missing",
    },
    "ManagedClustersCreate_Update.json": {
        # the example's cluster is of a time when kubenet was the default, and has set these two
        "properties.networkProfile.loadBalancerProfile.allocatedOutboundPorts: missing",
        "properties.networkProfile.loadBalancerProfile.idleTimeoutInMinutes: missing",
    },
}


@pytest.fixture(scope="module")
def lax() -> Iterator[Emulator]:
    """One for all examples: each has its own subscription or group."""
    with Emulator(lax=True, regions={published.LOCATION: published.region()}) as made:
        yield made


@pytest.mark.parametrize("name", published.names())
def test_an_example_is_sent_as_written_and_answered_in_its_shape(name: str, lax: Emulator) -> None:
    example = published.load(name)
    lax.log.clear()
    with lax.world.lock:
        published.seed(lax.world, example)
        lax.world.grant_everything()
    sdk = Sdk(lax)
    lax.subscription = example["parameters"]["subscriptionId"]
    result = published.call(sdk, example)

    first = lax.log.entries[0]
    assert first.sent == example["parameters"].get("parameters")
    assert str(first.status) in example["responses"]
    body = (example["responses"].get("200") or {}).get("body")
    if body is None:
        assert result is None or first.method == "POST"
        return
    found = set(published.differences(result, body, example["parameters"].get("parameters")))
    assert found == EXPECTED.get(name, set())


def test_versions_follow_each_other_as_published() -> None:
    """The upgrade paths that Microsoft lists are those that the emulator works out."""
    listed = published.load("KubernetesVersions_List.json")["responses"]["200"]["body"]
    assert published.region().versions.listed() == listed
