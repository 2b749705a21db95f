"""The add-ons of a run: manifests in files, from addresses, from recipes."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path

from kprov.artifacts.manifests import is_address
from kprov.lang.recipes import Recipe, find_recipe, recipe_folders
from kprov.lang.sources import Addon
from kprov.model.addon import AddonSpec, ManifestSpec
from kprov.model.errors import InputError
from kprov.model.host import Inventory

Fetch = Callable[[str, str | None], Path]
"""Address and sha256 to a file here."""
WAIT_SECONDS = 300


def addon(inventory: Inventory, name: str, fetch: Fetch) -> Addon:
    """An add-on of `cluster.addons`, its manifest on this computer."""
    folder = Path(inventory.directory)
    entry = next(its for its in inventory.cluster.addons if its.name == name)
    spec, home = _spec(entry, folder)
    assert spec.manifest is not None, "the inventory's rules ask for a manifest or a recipe"
    if is_address(spec.manifest):
        path, place = fetch(spec.manifest, spec.sha256), spec.manifest
    else:
        path = (home / Path(spec.manifest).expanduser()).absolute()
        place = str(path)
    template = spec.template if spec.template is not None else spec.manifest.endswith(".j2")
    wait = ("all",) if spec.wait in (None, "all") else tuple(spec.wait or ())
    return Addon(
        name=name,
        path=path,
        place=place,
        template=template,
        values=spec.values,
        namespace=spec.namespace or "",
        wait=wait,
        timeout=spec.timeout or WAIT_SECONDS,
    )


def _spec(entry: AddonSpec, folder: Path) -> tuple[ManifestSpec, Path]:
    """What the entry and its recipe say together, and the folder that paths are relative to."""
    recipe = find_recipe(entry.name, recipe_folders(folder)) if entry.manifest is None else None
    if recipe is None:
        return entry, folder
    _refuse_unknown_values(entry, recipe)
    return recipe.completed(entry), recipe.folder


def _refuse_unknown_values(entry: AddonSpec, recipe: Recipe) -> None:
    for name in entry.values:
        if name not in recipe.spec.values:
            close = difflib.get_close_matches(name, recipe.spec.values, 1)
            known = ", ".join(recipe.spec.values) or "none"
            raise InputError(
                f"the add-on {entry.name} has no value `{name}`",
                where="cluster.addons",
                hint=f"did you mean `{close[0]}`?" if close else f"values it has: {known}",
            )
