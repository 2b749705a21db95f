"""What holds for every cluster: it comes back as sent, and a PUT of what came back is nothing."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.azure.direct import Direct
from tests.azure.exchange import Json
from tests.azure.sdk import cluster, system_pool

_words = st.text("abcdefghij", min_size=1, max_size=8)
_maps = st.dictionaries(_words, _words, max_size=3)


@st.composite
def pools(draw: st.DrawFn) -> Json:
    """A user pool."""
    made: Json = {
        "name": "p" + draw(st.text("abc123", max_size=5)),
        "mode": "User",
        "vmSize": draw(st.sampled_from(["Standard_D4ds_v5", "Standard_E8s_v5", "Standard_F4s_v2"])),
        "count": draw(st.integers(0, 5)),
    }
    if draw(st.booleans()):
        low = draw(st.integers(0, made["count"]))
        high = draw(st.integers(max(1, made["count"]), 20))
        made |= {"enableAutoScaling": True, "minCount": low, "maxCount": high}
    if draw(st.booleans()):
        made["availabilityZones"] = draw(st.sampled_from([["1"], ["1", "2", "3"]]))
    if draw(st.booleans()):
        made |= {"scaleSetPriority": "Spot", "spotMaxPrice": draw(st.sampled_from([-1, 0.5]))}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "nodeLabels": _maps,
        "tags": _maps,
        "nodeTaints": st.lists(_words.map(lambda word: f"{word}=x:NoSchedule"), max_size=2),
        "osSKU": st.sampled_from(["Ubuntu", "AzureLinux"]),
        "upgradeSettings": st.sampled_from([{}, {"maxSurge": "33%"}, {"maxUnavailable": "1"}]),
        "osDiskSizeGB": st.sampled_from([0, 64, 128]),
    }
    for field, values in optional.items():
        if draw(st.booleans()):
            made[field] = draw(values)
    return made


OVERLAY = {"networkPlugin": "azure", "networkPluginMode": "overlay"}
CILIUM = {"networkDataplane": "cilium", "networkPolicy": "cilium"}


@st.composite
def clusters(draw: st.DrawFn) -> Json:
    """A cluster that Azure takes."""
    extra = draw(st.lists(pools(), max_size=3, unique_by=lambda pool: pool["name"]))
    body = cluster(system_pool(), *extra)
    properties = body["properties"]
    properties["kubernetesVersion"] = draw(st.sampled_from(["", "1.34", "1.35.6", "1.36"]))
    optional: dict[str, st.SearchStrategy[Any]] = {
        "networkProfile": st.sampled_from(
            [
                {"networkPlugin": "none"},
                {"networkPlugin": "azure"},
                {
                    "networkPlugin": "azure",
                    "networkPluginMode": "overlay",
                    "podCidr": "10.9.0.0/16",
                },
                {
                    "networkPlugin": "azure",
                    "networkPluginMode": "overlay",
                    "networkDataplane": "cilium",
                    "networkPolicy": "cilium",
                },
                {"loadBalancerSku": "standard", "serviceCidr": "10.8.0.0/16"},
            ]
        ),
        "aadProfile": st.sampled_from([{"managed": True}, {"enableAzureRBAC": True}]),
        "autoScalerProfile": st.sampled_from([{"scan-interval": "30s"}, {"expander": "priority"}]),
        "autoUpgradeProfile": st.sampled_from([{"upgradeChannel": "patch"}]),
        "oidcIssuerProfile": st.just({"enabled": True}),
        "addonProfiles": st.sampled_from([{}, {"azurepolicy": {"enabled": True}}]),
    }
    for field, values in optional.items():
        if draw(st.booleans()):
            properties[field] = draw(values)
    if draw(st.booleans()):
        body["tags"] = draw(_maps)
    return body


def without_etags(body: Json) -> Json:
    """A body to compare: eTags change with every PUT."""
    bare = copy.deepcopy(body)
    del bare["eTag"]
    for pool in bare["properties"]["agentPoolProfiles"]:
        del pool["eTag"]
    return bare


def sendable(body: Json) -> Json:
    """As a careful client sends it back: managed identities have no service principal."""
    sent = copy.deepcopy(body)
    sent["properties"].pop("servicePrincipalProfile", None)
    return sent


@settings(max_examples=40, deadline=None)
@given(clusters())
def test_what_was_sent_is_in_what_comes_back(body: Json) -> None:
    azure = Direct()
    assert azure.cluster("PUT", body).status == 201
    made = azure.cluster("GET").body
    assert made["properties"]["provisioningState"] == "Succeeded"
    for sent, got in zip(
        body["properties"]["agentPoolProfiles"],
        made["properties"]["agentPoolProfiles"],
        strict=True,
    ):
        for field, value in sent.items():
            if field == "nodeTaints":
                assert set(value) <= set(got.get(field, []))
            elif isinstance(value, dict):
                assert value.items() <= got.get(field, {}).items()
            elif value:
                assert got[field] == value


@settings(max_examples=40, deadline=None)
@given(clusters())
def test_a_put_of_what_came_back_changes_nothing(body: Json) -> None:
    azure = Direct()
    azure.cluster("PUT", body)
    before = azure.cluster("GET").body
    assert azure.cluster("PUT", sendable(before)).status == 200
    after = azure.cluster("GET").body
    assert without_etags(after) == without_etags(before)
    assert after["eTag"] != before["eTag"]


@settings(max_examples=20, deadline=None)
@given(clusters(), clusters())
def test_a_refused_change_leaves_no_trace(body: Json, other: Json) -> None:
    azure = Direct()
    azure.cluster("PUT", body)
    before = azure.cluster("GET").body
    if azure.cluster("PUT", other).status >= 400:
        assert azure.cluster("GET").body == before
