"""Managed clusters: every rule that needs no cloud, at its line; several in one inventory."""

from __future__ import annotations

import subprocess
import sys

import pytest
from inventory_folder import HOSTS, Folder

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GOOD = f"""\
cluster:
  name: prod
  provider: aks
  kubernetes: "1.36"
  azure:
    subscription: {SUBSCRIPTION}
    resource_group: {{name: rg, location: westeurope}}
    AZURE
  pools:
    - {{name: system, mode: System, vm_size: Standard_D4ds_v5, count: 3}}
    - POOL
"""
OTHER = "{name: work, vm_size: Standard_D8ds_v5}"
AZURE_LINE, POOL_LINE = 8, 11


def inventory(azure: str = "tags: {}", pool: str = OTHER) -> str:
    """A good inventory, but for one line of `azure` or one pool."""
    return GOOD.replace("AZURE", azure).replace("POOL", pool)


def test_a_good_one_loads_without_hosts(folder: Folder) -> None:
    """Pools are the nodes; a minor is a version."""
    loaded = folder.read(inventory())
    assert (loaded.cluster.provider, loaded.hosts, loaded.warnings) == ("aks", (), ())
    assert loaded.name == "prod"


@pytest.mark.parametrize(
    ("line", "what", "hint"),
    [
        ("teir: free", "unknown key 'teir' in `cluster.azure`", "did you mean 'tier'?"),
        ("network: {outbund: none}", "unknown key 'outbund'", "did you mean 'outbound'?"),
        ("autoscaler: {scan-intervall: 30s}", "unknown key 'scan-intervall'", "'scan-interval'"),
        ("extra: {propertis: {}}", "unknown key 'propertis'", "did you mean 'properties'?"),
        ("tier: standart", "expected one of: free, standard", "did you mean 'standard'?"),
        ("network: {plugin: kubenet}", "kubenet is retired", "plugin: azure, mode: overlay"),
        ("network: {load_balancer_sku: basic}", "basic load balancer is retired", "standard"),
        ("network: {mode: overlay, plugin: none}", "`mode: overlay` needs `plugin: azure`", ""),
        ("network: {policy: cilium}", "needs `dataplane: cilium`", ""),
        ("network: {dataplane: cilium, policy: calico}", "no other policy", "policy: cilium"),
        ("network: {private: true, authorized_ips: [192.0.2.0/24]}", "no `authorized_ips`", ""),
        ("network: {pods: 10.0.0.0/16, services: 10.0.128.0/20}", "overlaps", "share no address"),
        ("network: {services: 10.0.0.0/16, dns: 10.1.0.10}", "is not in `services`", ""),
        ("network: {plugin: azure, pods: 10.0.0.0/16}", "addresses of the subnet", "overlay"),
        ("network: {nat_gateway: {ips: 2}}", "needs `outbound: managedNATGateway`", ""),
        ("support_plan: AKSLongTermSupport", "needs `tier: premium`", ""),
        ("workload_identity: true", "needs `oidc: true`", ""),
        ("entra: {local_accounts: false}", "nobody could administer", "admin_groups"),
        ("entra: {admin_groups: [ops]}", "'ops' is not the object id", "az ad group show"),
        ("acr: [myregistry]", "'myregistry' is not a resource id", "ContainerRegistry"),
        ("tags: {'a/b': c}", "cannot be the name of a tag", ""),
        (f"tags: {{{', '.join(f't{n}: x' for n in range(49))}}}", "49 tags", ""),
        ("endpoint: http://azure.example.com", "tokens would travel in the clear", "https"),
        ("ca_file: nowhere.pem", "nowhere.pem does not exist", ""),
        ("credential: {kind: certificate}", "needs `credential.certificate`", ""),
        ("maintenance: [{of: upgrades, daily: {}}]", "for `of: node-os` alone", "weekly"),
        ("maintenance: [{of: upgrades}]", "one of `daily`, `weekly`, `monthly`", ""),
    ],
)  # fmt: skip
def test_azure_is_checked_line_by_line(folder: Folder, line: str, what: str, hint: str) -> None:
    """Each slip is the only problem, at its line, with a way out."""
    problem = folder.problem(inventory(azure=line))
    assert problem.startswith(f"inv.yaml:{AZURE_LINE}: ")
    assert what in problem
    assert hint in problem


@pytest.mark.parametrize(
    ("pool", "what"),
    [
        ("{name: Work, vm_size: Standard_D8ds_v5}", "this cannot be the name"),
        ("{name: work-pool, vm_size: Standard_D8ds_v5}", "this cannot be the name"),
        ("{name: thirteenchars, vm_size: Standard_D8ds_v5}", "at most 12"),
        ("{name: windows, os: Windows, vm_size: Standard_D8ds_v5}", "name of a Windows pool"),
        ("{name: win, os: Windows, mode: System, vm_size: Standard_D4s_v5}", "runs Linux"),
        ("{name: win, os: Windows, os_sku: Ubuntu, vm_size: Standard_D4s_v5}", "not Windows"),
        ("{name: system, vm_size: Standard_D8ds_v5}", "a second pool is called 'system'"),
        ("{name: w, vm_size: Standard_D8ds_v5, autoscale: {min: 5, max: 2}}", "is more than"),
        ("{name: w, vm_size: Standard_D8ds_v5, count: 1, autoscale: {min: 1, max: 2}}", "exclude"),
        ("{name: w, vm_size: Standard_D8ds_v5, zones: [1, 4]}", "there is no zone 4"),
        ("{name: w, vm_size: Standard_D8ds_v5, zones: [1], extra: {type: AvailabilitySet}}",
         "availability sets know no zones"),
        ("{name: w, mode: System, spot: true, vm_size: Standard_D8ds_v5}", "cannot be Spot"),
        ("{name: w, mode: System, count: 0, vm_size: Standard_D8ds_v5}", "one node at least"),
        ("{name: w, mode: System, vm_size: Standard_B4ms}", "burstable"),
        ("{name: w, spot: {max_price: 0}, vm_size: Standard_D8ds_v5}", "expected -1 or dollars"),
        ("{name: w, spot: {max_price: 0.1234567}, vm_size: Standard_D8ds_v5}", "5 decimals"),
        ("{name: w, vm_size: D8}", "such as Standard_D4ds_v5"),
        ("{name: w}", "it has no `vm_size`"),
        ("{name: w, vm_size: Standard_D8ds_v5, zone: [1]}", "did you mean 'zones'"),
        ("{name: w, vm_size: Standard_D8ds_v5, taints: [a=b]}", "is not KEY=VALUE:EFFECT"),
        ("{name: w, vm_size: Standard_D8ds_v5, labels: {kubernetes.azure.com/x: y}}", "system"),
        ("{name: w, vm_size: Standard_D8ds_v5, kubernetes: '1.37'}", "newer than the cluster's"),
        ("{name: w, vm_size: Standard_D8ds_v5, kubernetes: '1.33'}", "more than two minors"),
        ("{name: w, vm_size: Standard_D8ds_v5, subnet: mine}", "not the id of a subnet"),
        ("{name: w, vm_size: Standard_D8ds_v5, max_surge: many}", "neither a number nor"),
    ],
)  # fmt: skip
def test_pools_are_checked(folder: Folder, pool: str, what: str) -> None:
    """Each slip is the only problem, at its line."""
    problem = folder.problem(inventory(pool=pool))
    assert problem.startswith(f"inv.yaml:{POOL_LINE}: ")
    assert what in problem


def test_everything_wrong_comes_at_once(folder: Folder) -> None:
    """A missing field hides no other rule."""
    text = inventory("network: {plugin: kubenet}", "{name: W, vm_size: Standard_D2_v5}")
    text = text.replace(f"subscription: {SUBSCRIPTION}", "tier: free")
    text = text.replace("mode: System, ", "")
    problems = folder.problems(text)
    assert len(problems) == 4
    for what in ("no `subscription`", "kubenet", "cannot be the name", "no System pool"):
        assert any(what in problem for problem in problems)


@pytest.mark.parametrize(
    ("field", "hint"),
    [("network: {pods: 10.0.0.0/16}", "cluster.azure.network"), ("etcd: {}", "remove it")],
)
def test_fields_of_hosts_are_refused(folder: Folder, field: str, hint: str) -> None:
    """What only clusters over SSH have would do nothing here."""
    problem = folder.problem(inventory().replace("  pools:", f"  {field}\n  pools:"))
    assert "is for clusters over SSH" in problem
    assert hint in problem


def test_fields_of_azure_need_the_provider(folder: Folder) -> None:
    """Somebody forgot the line that says where the cluster runs."""
    problem = folder.problem(f"cluster:\n  pools: []\n{HOSTS}")
    assert problem == (
        "inv.yaml:2: `cluster.pools` is for managed clusters, this one has `provider: ssh`\n"
        "    add `provider: aks`, or remove it"
    )


def test_a_slip_in_the_provider_is_the_only_problem(folder: Folder) -> None:
    """Not one that asks for hosts."""
    assert "`cluster.provider`" in folder.problem(inventory().replace("aks", "ask"))


def test_hosts_of_a_managed_cluster_are_pointed_out(folder: Folder) -> None:
    """They would be ignored."""
    assert "hosts are not used" in folder.read(inventory() + HOSTS).warnings[0]


FLEET = f"""\
cluster:
  name: shop
  provider: aks
  azure: {{subscription: {SUBSCRIPTION}, tier: standard}}
  pools: [{{name: system, mode: System, vm_size: Standard_D4ds_v5}}]
clusters:
  - {{name: west, azure: {{resource_group: {{name: w, location: westeurope}}}}}}
  - {{name: north, azure: {{tier: free, resource_group: {{name: n, location: northeurope}}}}}}
failover: {{traffic_manager: {{dns: shop, endpoints: [{{cluster: north}}]}}}}
"""


def test_clusters_are_laid_over_what_they_share(folder: Folder) -> None:
    """The more special wins, `-e` over all."""
    loaded = folder.read(FLEET, "cluster.kubernetes=v1.35")
    assert loaded.name == "shop"
    first, second = loaded.clusters
    assert first.azure is not None
    assert second.azure is not None
    assert (first.name, first.azure.tier, second.azure.tier) == ("west", "standard", "free")
    assert {first.kubernetes, second.kubernetes} == {"v1.35"}
    assert loaded.failover is not None


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("name: north", "name: west", "inv.yaml:8: a second cluster is called 'west'"),
        ("name: north, azure: {", "azure: {", "inv.yaml:8: a cluster has no `name`"),
        ("cluster: north", "cluster: nort", "inv.yaml:9: there is no cluster 'nort'"),
        ("dns: shop", "dsn: shop", "inv.yaml:9: unknown key 'dsn' in `failover.traffic_manager`"),
        ("provider: aks", "provider: ssh", "clusters over SSH have an inventory each"),
        ("  - {name: west", "  - nothing\n  - {name: west", "a cluster is the text 'nothing'"),
    ],
)
def test_slips_in_a_fleet_are_found(folder: Folder, old: str, new: str, what: str) -> None:
    """At their line."""
    assert any(what in problem for problem in folder.problems(FLEET.replace(old, new)))


def test_failover_needs_clusters(folder: Folder) -> None:
    """There is nothing to fail over to."""
    problem = folder.problem(inventory() + "failover: {traffic_manager: {dns: a}}\n")
    assert "`failover` needs `clusters`" in problem


def test_nothing_of_azure_is_imported_to_read_an_inventory(folder: Folder) -> None:
    """The SDK takes most of a second."""
    file = folder.write("inv.yaml", inventory())
    code = (
        "import sys; from pathlib import Path; from kprov.inventory.load import load;"
        f"load(Path({str(file)!r}));"
        "print([name for name in sys.modules if name.partition('.')[0] in ('azure', 'msal')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
