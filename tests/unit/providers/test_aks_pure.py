"""Versions, values as they are compared, classes of change, names of pools: no Azure needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kprov.model.cluster import ClusterSpec
from kprov.model.pools import PoolSpec
from kprov.providers.aks.errors import hint_of
from kprov.providers.aks.fields import CLUSTER, POOL, ChangeClass, class_of
from kprov.providers.aks.pools import pools_of, sent, successor_name
from kprov.providers.aks.versions import hops, levels, satisfied
from kprov.providers.aks.wire import SPOT_TAINT, canonical, differing, flatten, overlay


@pytest.mark.parametrize(
    ("current", "wanted", "way"),
    [
        ("1.34.2", "1.36", ("1.35", "1.36")),
        ("1.34.2", "1.36.1", ("1.35", "1.36.1")),
        ("1.36.1", "1.36", ()),
        ("1.36.1", "1.36.3", ("1.36.3",)),
        ("1.36.3", "1.36.1", ()),
        ("1.36.0", "1.35", ()),
    ],
)
def test_hops(current: str, wanted: str, way: tuple[str, ...]) -> None:
    """One minor at a time; never back."""
    assert hops(current, wanted) == way
    assert satisfied(wanted, current) == (not way and wanted != "1.35")


def test_levels_of_several_ways() -> None:
    """A pool that lags takes its hops where the control plane has been."""
    ways = (("1.36.2",), ("1.35", "1.36"))
    assert levels(ways) == ("1.35", "1.36", "1.36.2")


@pytest.mark.parametrize(
    ("path", "wanted", "observed"),
    [
        ("properties.networkProfile.loadBalancerSku", "standard", "Standard"),
        ("location", "westeurope", "West Europe"),
        ("availabilityZones", ["1", "3"], ["3", "1"]),
        ("nodeTaints", ["a=b:NoSchedule"], ["a=b:NoSchedule", SPOT_TAINT]),
        ("nodeLabels", {"a": "b"}, {"a": "b", "kubernetes.azure.com/scalesetpriority": "spot"}),
        ("nodeLabels", {}, None),
        ("enableFIPS", False, None),
        ("scaleSetPriority", "Regular", None),
        ("spotMaxPrice", -1, -1.0),
    ],
)
def test_same(path: str, wanted: object, observed: object) -> None:
    """What Azure says in other words."""
    assert canonical(path, wanted) == canonical(path, observed)


@pytest.mark.parametrize(
    ("path", "wanted", "observed"),
    [
        ("nodeLabels", {"a": "b"}, {"a": "B"}),
        ("nodeLabels", {}, {"a": "b"}),
        ("tags.team", "Blue", "blue"),
        ("nodeTaints", [], ["a=b:NoSchedule"]),
        ("count", 0, None),
        ("enableFIPS", True, None),
        ("properties.networkProfile.networkPolicy", "none", "calico"),
    ],
)
def test_different(path: str, wanted: object, observed: object) -> None:
    """What must not be taken for the same."""
    assert canonical(path, wanted) != canonical(path, observed)


def test_only_what_is_written_is_compared() -> None:
    """Add-ons are found in any case, tags may have dots, null is nothing."""
    observed = {"addonProfiles": {"omsAgent": {"enabled": True}}, "tags": {"a.b": "x", "c": "y"}}
    assert differing({"addonProfiles": {"omsagent": {"enabled": True}}}, observed) == ()
    assert differing({"tags": {"a.b": "x"}}, observed) == ()
    assert differing({"tags": {"a.b": "z"}, "new": None}, observed) == ("tags.a.b",)
    merged = overlay(observed, {"addonProfiles": {"omsagent": {"enabled": False}}})
    assert merged["addonProfiles"] == {"omsAgent": {"enabled": False}}


def test_secrets_are_not_in_what_a_plan_shows() -> None:
    """They are sent, and neither compared nor saved."""
    body = {"windowsProfile": {"adminUsername": "ops", "adminPassword": "hidden"}}
    assert flatten(body) == {"windowsProfile.adminUsername": "ops"}


@pytest.mark.parametrize(
    ("path", "before", "after", "cls"),
    [
        ("properties.dnsPrefix", "a", "b", ChangeClass.NEW_CLUSTER),
        ("sku.tier", "free", "standard", ChangeClass.IN_PLACE),
        ("properties.networkProfile.networkPlugin", "kubenet", "azure", ChangeClass.IN_PLACE),
        ("properties.networkProfile.networkPlugin", "azure", "none", ChangeClass.NEW_CLUSTER),
        ("properties.networkProfile.networkPluginMode", None, "overlay", ChangeClass.IN_PLACE),
        ("properties.oidcIssuerProfile.enabled", True, False, ChangeClass.NEW_CLUSTER),
        ("properties.oidcIssuerProfile.enabled", False, True, ChangeClass.IN_PLACE),
        ("properties.somethingNew", 1, 2, ChangeClass.IN_PLACE),
    ],
)
def test_classes_of_change(path: str, before: object, after: object, cls: ChangeClass) -> None:
    """As the table has them."""
    assert class_of(CLUSTER, path, before, after) is cls


def test_pools_cannot_change_their_machines() -> None:
    """Another pool takes over; systems of the same family change in place."""
    assert class_of(POOL, "vmSize", "a", "b") is ChangeClass.NEW_POOL
    assert class_of(POOL, "osSKU", "Ubuntu", "AzureLinux") is ChangeClass.IN_PLACE
    assert class_of(POOL, "osSKU", "Ubuntu", "Windows2022") is ChangeClass.NEW_POOL
    assert class_of(POOL, "count", 1, 2) is ChangeClass.IN_PLACE


def test_successors_have_names_that_azure_takes() -> None:
    """Twelve letters, six on Windows; a name nobody has."""
    assert successor_name(PoolSpec(name="work"), {"work"}) == "workb"
    assert successor_name(PoolSpec(name="twelveletter"), {"twelveletter"}) == "twelveletteb"
    assert successor_name(PoolSpec(name="winpol", os="Windows"), {"winpol", "winpob"}) == "winpoc"


def test_a_successor_is_known_by_its_tag() -> None:
    """Unless the inventory has a pool of that very name."""
    work, other = PoolSpec(name="work"), PoolSpec(name="workb")
    there = {"workb": {"tags": {"kprov-pool": "work"}}, "foreign": {}}
    assert pools_of(work, ClusterSpec(pools=[work]), there) == ("workb",)
    assert pools_of(work, ClusterSpec(pools=[work, other]), there) == ()


def test_what_a_pool_is_sent() -> None:
    """The autoscaler's count stays, and comes within its limits when it is switched on."""
    scaled = {"enableAutoScaling": True, "count": 7, "minCount": 2, "maxCount": 9, "eTag": "x"}
    assert sent(scaled, {"maxCount": 5})["count"] == 7
    assert (
        sent({"count": 1}, {"enableAutoScaling": True, "minCount": 3, "maxCount": 5})["count"] == 3
    )
    fixed = sent(scaled, {"enableAutoScaling": False, "count": 2})
    assert fixed == {"enableAutoScaling": False, "count": 2}


def test_hints() -> None:
    """By Azure's code; quota and zones by the words as well."""
    assert "more quota" in hint_of("OperationNotAllowed", "exceeding approved Total cores quota")
    assert "list-skus" in hint_of("BadRequest", "not supported in availability zone 3")
    assert hint_of("Unheard", "of") == ""


def test_nothing_of_azure_is_imported_unless_a_cluster_asks_for_it() -> None:
    """Neither the SDK nor our own part: every command but the one that runs is loaded here."""
    code = (
        "import sys, contextlib, importlib\n"
        "from kprov.cli.main import COMMANDS, main\n"
        "for command in COMMANDS:\n"
        "    importlib.import_module('kprov.cli.' + command.name.replace('-', '_'))\n"
        "with contextlib.suppress(SystemExit):\n"
        "    main(['--help'])\n"
        "loaded = [m for m in sys.modules if m.startswith(('azure', 'msal', 'kprov.providers'))]\n"
        "print('loaded', loaded)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip().endswith("loaded []")
