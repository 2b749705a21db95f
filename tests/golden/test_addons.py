"""Shipped add-ons and tenants: what is applied, for old and new releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from kprov.lang.recipes import recipe_names
from kprov.model.share import share
from tests.golden.golden import compare
from tests.golden.test_roles import text
from tests.golden.world import resources, world

HERE = Path(__file__).parent
INVENTORY = HERE.parent.parent / "inventories" / "local.yaml"
RECIPES = recipe_names((share("addons"),))
QUOTA = "{cpu: 2, memory: 128Mi, pods: 5}"
TENANT = "{name: team-a, admins: [leads], members: [dev], isolate: %s, quota: %s}"
ENFORCER = "{name: calico, manifest: manifest.yaml}"


@pytest.mark.parametrize("version", ["v1.20.2", "v1.36.2"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes(recipe: str, version: str) -> None:
    """Every recipe that kprov ships, with the values it brings."""
    spec = [f"cluster.kubernetes={version}", f"cluster.addons=[{{name: {recipe}}}]"]
    its = resources(world(INVENTORY, spec, {}), "n1")["addons"]
    texts = [text(resource) for resource in its if resource.role == "addons"]
    compare(HERE / "addons" / f"{recipe}-{version}.txt", "\n".join(texts) + "\n")


@pytest.mark.parametrize(
    ("name", "version", "isolate"),
    [("tenant-v1.20", "v1.20.2", "true"), ("tenant-v1.36", "v1.36.2", "true"),
     ("tenant-not-isolated", "v1.36.2", "false")],
)  # fmt: skip
def test_tenants(tmp_path: Path, name: str, version: str, isolate: str) -> None:
    """Namespace, bindings, quota, defaults, and walls where something enforces them."""
    inventory = tmp_path / "inventory.yaml"
    inventory.write_text(INVENTORY.read_text())
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    (tmp_path / "manifest.yaml").write_text(manifest)
    spec = [
        f"cluster.kubernetes={version}", f"cluster.addons=[{ENFORCER}]",
        f"cluster.tenants=[{TENANT % (isolate, QUOTA)}]",
    ]  # fmt: skip
    its = resources(world(inventory, spec, {}), "n1")["addons"]
    texts = [text(resource) for resource in its if resource.role == "tenants"]
    compare(HERE / "addons" / f"{name}.txt", "\n".join(texts) + "\n")
