"""Add-ons and tenants on one machine: applied, waited for, edited by hand, dropped, removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.e2e.conftest import Machines
from tests.e2e.site import Site, Supply, one_machine
from tests.e2e.steps import converged, unchanged, verified

HOST, ADDRESS = "n1", "10.97.112.11"
WEB: dict[str, Any] = {"name": "web", "manifest": "web.yaml", "namespace": "shop", "timeout": 90}
TENANTS: list[dict[str, Any]] = [
    {"name": "team-a", "admins": ["a-leads"], "members": ["a-dev"], "isolate": False,
     "quota": {"cpu": 1, "memory": "1Gi", "pods": 3}},
    {"name": "team-b", "members": ["b-dev"], "isolate": False},
]  # fmt: skip

pytestmark = [pytest.mark.e2e, pytest.mark.story]


@pytest.fixture(scope="module")
def site(machines: Machines, supply: Supply) -> Iterator[Site]:
    """One booted machine."""
    with machines(supply, "e2e-addons", {HOST: ADDRESS}) as site:
        yield site


def wanted(site: Site, *addons: Mapping[str, Any], tenants: list[dict[str, Any]]) -> None:
    """The inventory with these add-ons and tenants."""
    cluster = site.supply.cluster(
        site.name, local={}, network={"dns": False}, addons=[*addons], tenants=tenants
    )
    site.write(one_machine(cluster, HOST, {"ansible_host": ADDRESS}))


def web(site: Site, *, probe: str = "true", page: bool = True) -> None:
    """The manifest of the add-on: a plain file, with braces that are none of ours."""
    pod = {
        "terminationGracePeriodSeconds": 0,
        "containers": [{
            "name": "main", "image": site.supply.images.busybox, "imagePullPolicy": "Never",
            "command": ["sleep", "100000"],
            "readinessProbe": {"exec": {"command": [probe]}, "periodSeconds": 1},
        }],
    }  # fmt: skip
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
        },
    }  # fmt: skip
    text = {"index.html": "{{ not ours }}\n"}
    about = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "page"}, "data": text}
    (site.directory / "web.yaml").write_text(
        yaml.safe_dump_all([deployment, about] if page else [deployment])
    )


def kubectl(site: Site, words: str) -> str:
    """As the administrator, on the machine; what went wrong is part of what it says."""
    return site.run(
        HOST, f"kubectl --kubeconfig /etc/kubernetes/admin.conf {words} 2>&1", check=False
    )


def test_bad_input_is_refused_before_anything_is_touched(site: Site) -> None:
    """A manifest that is no YAML names file and document: exit 3, nobody is connected to."""
    (site.directory / "web.yaml").write_text("apiVersion: v1\n---\nkind: [\n")
    wanted(site, WEB, tenants=[])
    refused = site.kprov("apply", site.inventory, "--yes").exits(3)
    refused.says("web.yaml", "document 1", "a Kubernetes object needs `kind`")


def test_apply(site: Site) -> None:
    """The add-on is ready when apply ends, its namespace was made; tenants have theirs."""
    web(site)
    wanted(site, WEB, tenants=TENANTS)
    converged(site)
    assert kubectl(site, "-n shop get deployment web -o jsonpath={.status.readyReplicas}") == "1"
    assert "not ours" in kubectl(site, "-n shop get cm page -o yaml")
    assert kubectl(site, "get cm -A -l kprov.dev/addon=web -o name").split() == ["configmap/page"]


def test_verify_proves_what_tenants_may_do(site: Site) -> None:
    """Not each other's Secrets, not more than their quota: tried, as members of their groups."""
    done = verified(site, "tenants")
    (check,) = (its for its in done.data["checks"] if its["name"] == "tenants")
    assert check["status"] == "ok"
    assert "team-a" in check["detail"]
    assert "quota" in check["detail"]


def test_what_was_edited_by_hand_is_shown_and_repaired(site: Site) -> None:
    """By object: scaled, deleted, a quota raised; not what others have added."""
    kubectl(site, "-n shop scale deployment web --replicas=0")
    kubectl(site, "-n shop delete cm page")
    raised = """--type=merge -p '{"spec":{"hard":{"pods":"100"}}}'"""
    kubectl(site, f"-n team-a patch resourcequota kprov {raised}")
    kubectl(site, "label namespace team-b somebody=else")
    plan = site.kprov("plan", site.inventory).exits(2)
    plan.says(
        "~ Deployment shop/web (changed by hand)", "+ ConfigMap shop/page",
        "~ ResourceQuota team-a/kprov (changed by hand)",
    )  # fmt: skip
    assert "team-b" not in plan.out
    converged(site)
    assert kubectl(site, "-n shop get deployment web -o jsonpath={.spec.replicas}") == "1"
    assert kubectl(site, "-n team-a get quota kprov -o jsonpath={.spec.hard.pods}") == "3"
    assert kubectl(site, "-n shop get cm page -o name").strip() == "configmap/page"


def test_an_unknown_kind_is_refused_before_anything_of_it_is_applied(site: Site) -> None:
    """The API says so; the document is named, and its neighbour was not applied."""
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside}\n---\n"
    text += "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
    (site.directory / "odd.yaml").write_text(text)
    wanted(site, WEB, {"name": "odd", "manifest": "odd.yaml"}, tenants=TENANTS)
    failed = site.kprov("apply", site.inventory, "--yes").exits(1)
    failed.says("document 2: Widget w: the API knows no kind Widget in example.com/v1")
    assert "NotFound" in kubectl(site, "get cm beside")


def test_what_never_becomes_ready_says_why(site: Site) -> None:
    """The pods' container states and events; it stays due until it is."""
    web(site, probe="false")
    wanted(site, {**WEB, "timeout": 15}, tenants=TENANTS)
    failed = site.kprov("apply", site.inventory, "--yes").exits(1)
    failed.says("not ready after 15 s: Deployment shop/web", "running", "Readiness probe failed")
    site.kprov("plan", site.inventory).exits(2).says("rollout:web", "Deployment shop/web")
    web(site)
    wanted(site, WEB, tenants=TENANTS)
    converged(site)


def test_what_is_dropped_or_removed_is_pruned(site: Site) -> None:
    """An object of a manifest, a tenant, then a whole add-on; the plan names them."""
    web(site, page=False)
    wanted(site, WEB, tenants=TENANTS[:1])
    site.kprov("plan", site.inventory).exits(2).says(
        "- ConfigMap shop/page", "delete tenant-team-b: Namespace team-b and everything in it"
    )
    converged(site)
    assert "NotFound" in kubectl(site, "-n shop get cm page")
    assert "NotFound" in kubectl(site, "get namespace team-b")
    wanted(site, tenants=TENANTS[:1])
    site.kprov("plan", site.inventory).exits(2).says("delete web: Deployment shop/web")
    converged(site)
    assert "NotFound" in kubectl(site, "-n shop get deployment web")
    assert kubectl(site, "get namespace team-a -o name").strip() == "namespace/team-a"


def test_in_the_end_all_is_well(site: Site) -> None:
    """The cluster does its work, and there is nothing to do."""
    verified(site, "pod")
    unchanged(site)
