"""`kprov apply` on Azure: created, changed, upgraded, repaired, taken away; twice is once."""

from __future__ import annotations

import json

import pytest
import yaml

from kprov.engine import drain
from tests.azure.aks_site import SYSTEM, WORK, AksSite
from tests.azure.fake_kubernetes import FakeKubernetes, fake_kubernetes
from tests.azure.faults import FailOperation, allocation_failed
from tests.azure.sdk import Sdk
from tests.azure.world import Settings

ENTRA = {"admin_groups": ["11111111-1111-1111-1111-111111111111"], "local_accounts": False}


def test_a_cluster_is_made_by_one_put_and_a_second_apply_writes_nothing(site: AksSite) -> None:
    """Its group too; pools come with it."""
    assert site.ids() == ["group:rg", "cluster:prod"]
    site.applied()
    assert site.writes == ["PUT resourcegroups/rg", "PUT managedClusters/prod"]
    assert site.properties()["currentKubernetesVersion"] == "1.35.7"
    assert set(site.azure.cluster("rg", "prod").pools) == {"system", "work"}
    assert site.azure.cluster("rg", "prod").body["tags"] == {"kprov-cluster": "prod"}
    created = site.azure.log.of("PUT", under="managedClusters/prod")[0]
    assert created.headers["if-none-match"] == "*"


def test_programs_can_watch(site: AksSite) -> None:
    """Events on a file descriptor, as with hosts."""
    with (site.folder / "events.jsonl").open("w") as stream:
        site.applied("--events-fd", str(stream.fileno()))
    lines = (site.folder / "events.jsonl").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert {"step-started", "change", "step-done"} <= set(events)


def test_changes_in_place_are_one_put_for_each_object(site: AksSite) -> None:
    """With the eTag of what was looked at; what nobody wrote stays."""
    site.applied()
    work = {**WORK, "count": 4, "labels": {"a": "B"}, "max_surge": "50%"}
    site.write(
        [SYSTEM, work], tier="standard", tags={"team": "Blue"}, autoscaler={"expander": "priority"}
    )
    assert site.ids() == ["cluster:prod", "pool:work"]
    site.applied()
    assert site.writes == ["PUT managedClusters/prod", "PUT agentPools/work"]
    for put in site.azure.log.of("PUT", accepted=True):
        assert "if-match" in put.headers
    assert site.pool("work")["nodeLabels"] == {"a": "B"}
    assert site.azure.cluster("rg", "prod").body["tags"]["team"] == "Blue"


def test_drift_is_found_and_mended(site: AksSite) -> None:
    """Somebody else has scaled a pool and switched something that was written."""
    site.write(tier="standard", upgrade_channel="patch")
    site.applied()
    site.pool("work")["count"] = 9
    site.properties()["autoUpgradeProfile"]["upgradeChannel"] = "stable"
    assert site.run("status") == 2
    assert "upgradeChannel stable -> patch" in site.out
    assert "count 9 -> 2" in site.out
    site.applied()


def test_what_the_autoscaler_does_is_no_drift(site: AksSite) -> None:
    """It owns the number of nodes; its limits are ours."""
    scaled = {"name": "work", "vm_size": "Standard_D8ds_v5", "autoscale": {"min": 2, "max": 9}}
    site.write([SYSTEM, scaled])
    site.applied()
    site.pool("work")["count"] = 7
    site.unchanged()
    site.write([SYSTEM, {**scaled, "autoscale": {"min": 3, "max": 8}}])
    site.applied()
    assert site.pool("work")["count"] == 7
    site.write([SYSTEM, WORK])
    site.applied()
    assert "minCount" not in site.pool("work")
    assert site.pool("work")["count"] == 2


def test_pools_come_and_go(site: AksSite, cluster_api: FakeKubernetes) -> None:
    """Only those that kprov made are taken away, their nodes drained before."""
    site.applied()
    spot = {"name": "spot", "vm_size": "Standard_D8ds_v5", "spot": True, "count": 1}
    zones = {"name": "zoned", "vm_size": "Standard_D8ds_v5", "zones": [2, 1], "count": 2}
    site.write([SYSTEM, WORK, spot, zones])
    assert site.ids() == ["pool:spot", "pool:zoned"]
    site.applied()
    cluster_api.nodes["n1"] = {"kubernetes.azure.com/agentpool": "spot"}
    site.write([SYSTEM, WORK, zones])
    site.applied()
    assert site.writes == ["DELETE agentPools/spot"]
    assert cluster_api.cordoned == ["n1"]


def test_a_pool_of_somebody_else_is_left_alone(site: AksSite) -> None:
    """It is pointed out."""
    site.applied()
    del site.pool("work")["tags"]
    site.write([SYSTEM])
    assert site.run("plan") == 0
    assert "pool work is not in the inventory, left alone" in site.err


def test_what_a_pool_cannot_become_is_a_new_pool(
    site: AksSite, cluster_api: FakeKubernetes
) -> None:
    """The plan says so; then make the new one, cordon, drain, delete the old."""
    site.applied()
    api = cluster_api
    api.nodes |= {"old": {"kubernetes.azure.com/agentpool": "work"}, "other": {}}
    api.pod("web", "old")
    api.pod("agent", "old", ownerReferences=[{"kind": "DaemonSet"}])
    api.refusals = 2
    site.write([SYSTEM, {**WORK, "vm_size": "Standard_D16ds_v5"}])
    assert site.run("plan") == 2
    assert "replaces work, because of vmSize Standard_D8ds_v5 -> Standard_D16ds_v5" in site.out
    assert "cordon and drain its nodes, then delete it" in site.out
    site.applied()
    assert site.writes == ["PUT agentPools/workb", "DELETE agentPools/work"]
    assert (api.cordoned, api.evicted) == (["old"], ["web"])
    site.write([SYSTEM, WORK])
    site.applied()
    assert site.writes == ["PUT agentPools/work", "DELETE agentPools/workb"]


def test_the_system_pool_is_replaced_without_a_moment_without_one(
    site: AksSite, cluster_api: FakeKubernetes
) -> None:
    """The new one is there before the old one goes."""
    site.applied()
    site.write([{**SYSTEM, "vm_size": "Standard_D8ds_v5"}, WORK])
    site.applied()
    assert site.writes == ["PUT agentPools/systemb", "DELETE agentPools/system"]


def test_an_interrupted_replacement_goes_on(site: AksSite, cluster_api: FakeKubernetes) -> None:
    """The old pool could not be deleted: the next plan only has that left."""
    site.applied()
    site.azure.plan(FailOperation("delete", allocation_failed(), "agentPools/work"))
    site.write([SYSTEM, {**WORK, "vm_size": "Standard_D16ds_v5"}])
    assert site.apply() == 1
    assert site.ids() == ["pool:work"]
    site.applied()


def test_two_minors_are_two_hops_the_control_plane_first(site: AksSite) -> None:
    """Each hop takes the pools along."""
    site.write(kubernetes="1.34")
    site.applied()
    site.write(kubernetes="1.36")
    assert site.ids() == [
        "upgrade:control-plane/1.35", "upgrade:system/1.35", "upgrade:work/1.35",
        "upgrade:control-plane/1.36", "upgrade:system/1.36", "upgrade:work/1.36",
    ]  # fmt: skip
    site.applied()
    assert site.properties()["currentKubernetesVersion"].startswith("1.36.")
    assert site.pool("work")["currentOrchestratorVersion"].startswith("1.36.")


def test_versions_that_cannot_be_are_refused_with_those_that_can(site: AksSite) -> None:
    """Nothing was touched: exit code 3."""
    site.write(kubernetes="1.99")
    assert site.apply() == 3
    assert "Kubernetes 1.99 is not offered in westeurope" in site.err
    assert "1.36.3" in site.err
    assert site.azure.log.writes() == []
    site.write(kubernetes="1.36")
    site.applied()
    site.write(kubernetes="1.35")
    assert site.run("plan") == 3
    assert "there is no way back" in site.err
    assert site.run("status") == 3
    assert "cannot become what the inventory says" in site.out


def test_a_newer_patch_is_no_drift(site: AksSite) -> None:
    """Azure moves patches by itself."""
    site.write(kubernetes="1.35.6")
    site.applied()
    site.properties()["currentKubernetesVersion"] = "1.35.7"
    for name in ("system", "work"):
        site.pool(name)["currentOrchestratorVersion"] = "1.35.7"
    site.unchanged()


def test_what_needs_a_new_cluster_is_refused(site: AksSite) -> None:
    """Unless somebody says so, knowing that all is lost."""
    site.write(network={"services": "10.0.0.0/16"})
    site.applied()
    site.write(network={"services": "10.1.0.0/16"})
    assert site.apply() == 3
    assert "serviceCidr 10.0.0.0/16 -> 10.1.0.0/16 needs a new cluster" in site.err
    assert "--allow-replace" in site.err
    assert site.azure.log.writes() == []
    assert site.run("plan", "--allow-replace") == 2
    assert "delete it and all that is in it" in site.out
    assert site.apply("--allow-replace") == 0
    assert site.writes == ["DELETE managedClusters/prod", "PUT managedClusters/prod"]
    site.unchanged()


def test_documented_migrations_are_in_place_and_their_way_back_is_not(site: AksSite) -> None:
    """To the Cilium dataplane: yes; back: no."""
    site.write(network={"plugin": "azure", "mode": "overlay"})
    site.applied()
    site.write(network={"plugin": "azure", "mode": "overlay", "dataplane": "cilium"})
    site.applied()
    site.write(network={"plugin": "azure", "mode": "overlay", "dataplane": "azure"})
    assert site.run("plan") == 3
    assert "networkDataplane cilium -> azure needs a new cluster" in site.err


def test_entra_without_local_accounts(
    site: AksSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The kubeconfig asks kprov for a token; there is no administrator's."""
    site.applied()
    site.write(entra=ENTRA)
    assert site.run("plan") == 2
    assert "rotate-certs" in site.err
    site.applied()
    assert site.run("kubeconfig") == 0
    user = yaml.safe_load(site.out)["users"][0]["user"]["exec"]
    assert "azure-token" in user["args"]
    assert "emulated-secret" not in site.out
    assert site.run("kubeconfig", "--admin") == 1
    assert "disable local accounts" in site.err


def test_azure_token_is_a_credential_plugin(site: AksSite) -> None:
    """What kubectl reads from it."""
    from kprov.cli.main import main

    where = ["--endpoint", site.azure.endpoint, "--ca-file", str(site.azure.ca_file)]
    assert main(["azure-token", "--credential", "secret", *where]) == 0
    answer = json.loads(site.capture.readouterr().out)
    assert answer["kind"] == "ExecCredential"
    assert answer["status"]["token"]
    assert answer["status"]["expirationTimestamp"].endswith("Z")


def test_kubeconfigs_merge_as_contexts(site: AksSite) -> None:
    """Named after the cluster."""
    site.applied()
    file = site.folder / "config"
    assert site.run("kubeconfig", "--merge", "--file", str(file)) == 0
    assert site.run("kubeconfig", "--admin", "--merge", "--file", str(file)) == 0
    contexts = yaml.safe_load(file.read_text())["contexts"]
    assert [context["name"] for context in contexts] == ["prod", "prod-admin"]
    assert file.stat().st_mode & 0o077 == 0


def test_monitoring_on_and_off(site: AksSite) -> None:
    """The workspace is made before the cluster needs it; providers are registered."""
    site.write(monitoring={"workspace": "auto", "prometheus": True})
    site.applied()
    insights = site.properties()["azureMonitorProfile"]["containerInsights"]
    assert insights["enabled"]
    assert insights["logAnalyticsWorkspaceResourceId"].endswith("workspaces/kprov-prod")
    site.write(monitoring={"workspace": "off", "prometheus": False})
    site.applied()
    assert not site.properties()["azureMonitorProfile"]["containerInsights"]["enabled"]


def test_maintenance_windows(site: AksSite) -> None:
    """Child resources of their own."""
    site.write(maintenance=[{"of": "upgrades", "weekly": {"day": "Sunday"}, "start": "01:00"}])
    site.applied()
    assert site.writes[-1] == "PUT maintenanceConfigurations/aksManagedAutoUpgradeSchedule"
    site.write(maintenance=[{"of": "upgrades", "weekly": {"day": "Monday"}, "start": "01:00"}])
    site.applied()
    assert len(site.writes) == 1


def test_extra_is_sent_as_it_is(site: AksSite) -> None:
    """For what kprov has no field; merged last, compared like the rest."""
    site.write(extra={"properties": {"storageProfile": {"blobCSIDriver": {"enabled": True}}}})
    site.applied()
    assert site.properties()["storageProfile"]["blobCSIDriver"]["enabled"]


def test_a_failed_create_is_repaired_by_the_next_apply(site: AksSite) -> None:
    """Azure's code and message are told; the cluster that is there is not taken for a good one."""
    site.azure.plan(FailOperation("create", allocation_failed(), stage="control-plane"))
    assert site.apply() == 1
    assert "Azure says AllocationFailed: The VM allocation failed" in site.out
    assert "the region has no capacity for this size now" in site.out
    assert site.run("status") == 2
    assert "Failed" in site.out
    site.applied()
    assert site.properties()["provisioningState"] == "Succeeded"


def test_a_pool_that_failed_is_repaired(site: AksSite) -> None:
    """By a PUT of the same."""
    site.applied()
    site.azure.plan(FailOperation("scale", allocation_failed(), "agentPools/work"))
    site.write([SYSTEM, {**WORK, "count": 5}])
    assert site.apply() == 1
    site.applied()
    assert site.pool("work")["provisioningState"] == "Succeeded"


def test_saved_plans_are_done_as_they_are_or_refused(site: AksSite) -> None:
    """Stale as soon as Azure, or the inventory, is different."""
    saved = site.folder / "plan.json"
    assert site.run("plan", "-o", str(saved)) == 2
    from kprov.cli.main import main

    assert main(["apply", str(saved)]) == 0
    assert main(["apply", str(saved)]) == 1
    assert "have changed since this plan was saved" in site.capture.readouterr().err


def test_reset_deletes_what_kprov_made_and_nothing_else(site: AksSite) -> None:
    """The group only when kprov made it, and alone in it."""
    site.applied()
    site.azure.log.clear()
    assert site.run("reset", "-y") == 0
    assert site.writes == ["DELETE managedClusters/prod", "DELETE resourcegroups/rg"]
    assert site.run("reset", "-y") == 0
    assert "Nothing is left" in site.out


def test_reset_leaves_clusters_of_others(site: AksSite) -> None:
    """Adopted by name, never deleted."""
    site.applied()
    site.azure.cluster("rg", "prod").body["tags"] = {}
    site.unchanged()
    assert site.run("reset", "-y") == 3
    assert "not made by kprov" in site.err


def test_secrets_are_nowhere(site: AksSite) -> None:
    """Not in plans, output or the state folder."""
    site.azure.world.settings = Settings()
    site.applied()
    texts = [path.read_text() for path in site.folder.rglob("*") if path.is_file()]
    assert not any(site.azure.secret in text for text in [*texts, site.out, site.err])
    modes = {path.stat().st_mode & 0o077 for path in (site.folder / ".kprov").rglob("*")}
    assert modes == {0}


@pytest.fixture
def cluster_api(site: AksSite, monkeypatch: pytest.MonkeyPatch) -> object:
    """The API server of every cluster."""
    monkeypatch.setattr(drain, "PAUSE", 0.01)
    with fake_kubernetes() as api:
        kubeconfig = api.kubeconfig()
        site.azure.world.settings = Settings(kubeconfig=lambda _: kubeconfig)
        yield api


def test_history_tells_what_was_done(site: AksSite) -> None:
    """From the journal in the state folder; the same for every provider."""
    assert site.run("history") == 0
    assert "Nothing was applied" in site.out
    site.applied()
    assert site.run("history", "-o", "json") == 0
    (made,) = json.loads(site.out)["runs"]
    assert (made["ended"], made["where"]) == ("well", ["prod"])
    assert [its["id"] for its in made["changes"]] == ["group:rg", "cluster:prod"]
    assert site.run("history", "--run", made["run"]) == 0
    assert "cluster:prod" in site.out


def test_every_field_is_one_that_azure_knows(site: AksSite, sdk: Sdk) -> None:
    """All of the inventory at once: what Azure does not know would be drift for ever."""
    sdk.group("shared")
    shared = f"/subscriptions/{site.azure.subscription}/resourceGroups/shared/providers"
    identity = f"{shared}/Microsoft.ManagedIdentity/userAssignedIdentities/me"
    subnet = f"{shared}/Microsoft.Network/virtualNetworks/v/subnets"
    registry = f"{shared}/Microsoft.ContainerRegistry/registries/reg"
    sdk.resources.providers.register("Microsoft.ContainerRegistry")
    sdk.resources.providers.get("Microsoft.ContainerRegistry")
    make = sdk.resources.resources.begin_create_or_update_by_id
    make(registry, {"location": "westeurope"}, api_version="2023-07-01").result()
    unit = "22222222-2222-4222-8222-222222222222"
    pool = {
        **WORK, "zones": [1, 2], "labels": {"a": "b"}, "taints": ["a=b:NoSchedule"],
        "tags": {"c": "d"}, "upgrade": {"max_surge": "33%", "drain_timeout": 20, "soak": 1},
        "kubernetes": "1.35", "max_pods": 50, "disk_size": 64, "disk_type": "Managed",
        "subnet": f"{subnet}/nodes", "public_ip": True, "fips": True, "host_encryption": True,
        "ultra_ssd": True, "os_sku": "AzureLinux", "scale_down_mode": "Deallocate",
        "kubelet": {"cpuManagerPolicy": "static"}, "extra": {"gpuInstanceProfile": "MIG1g"},
    }  # fmt: skip
    system = {**SYSTEM, "subnet": f"{subnet}/nodes"}
    site.write(
        [system, pool],
        dns_prefix="prod-dns",
        node_resource_group="rg-prod-nodes",
        sku="Base",
        tier="premium",
        support_plan="AKSLongTermSupport",
        identity={"id": identity},
        kubelet_identity={"id": identity, "client_id": unit, "object_id": unit},
        rbac=True,
        entra=ENTRA | {"azure_rbac": True, "tenant": site.azure.tenant},
        network={
            "plugin": "azure", "mode": "overlay", "dataplane": "cilium", "policy": "cilium",
            "pods": "10.244.0.0/16", "services": "10.1.0.0/16", "outbound": "loadBalancer",
            "load_balancer_sku": "standard", "authorized_ips": ["192.0.2.0/24"],
            "load_balancer": {"ips": 2, "ports": 1024, "idle_timeout": 10},
        },
        upgrade_channel="patch",
        node_os_channel="NodeImage",
        maintenance=[
            {"of": "upgrades", "monthly": {"day": "Sunday", "week": "First"}, "hours": 6},
            {"of": "node-os", "daily": {"every": 2}, "utc_offset": "+01:00"},
        ],
        autoscaler={"scan-interval": "30s"},
        monitoring={"workspace": "auto", "prometheus": True},
        policy=True,
        key_vault={"rotation": True, "interval": "5m"},
        oidc=True,
        workload_identity=True,
        keda=True,
        vpa=True,
        acr=[registry],
        linux={"user": "ops", "ssh_keys": ["ssh-ed25519 AAAA ops"]},
        disk_encryption_set=f"{shared}/Microsoft.Compute/diskEncryptionSets/des",
        kms={"key": "https://v.vault.azure.net/keys/k/1"},
        tags={"team": "blue"},
        location="North Europe",
    )  # fmt: skip
    site.applied()
    assert site.writes[-1].startswith("PUT roleAssignments/")
    assert site.pool("work")["kubeletConfig"] == {"cpuManagerPolicy": "static"}
    assert site.properties()["networkProfile"]["dnsServiceIP"] == "10.1.0.10"
