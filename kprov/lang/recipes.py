"""Recipes: add-ons in a folder, `addons/NAME/addon.yaml` and the manifest it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from kprov.model.addon import AddonSpec, ManifestSpec, RecipeSpec
from kprov.model.errors import InputError
from kprov.model.share import share

RECIPE = "addon.yaml"
MANIFEST = "manifest.yaml.j2"


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe and the folder it is in."""

    folder: Path
    spec: RecipeSpec

    def completed(self, entry: AddonSpec) -> ManifestSpec:
        """What the recipe says, with what the entry says over it."""
        said = self.spec.model_dump(exclude_none=True, exclude={"about"})
        more = entry.model_dump(exclude_none=True, exclude={"name"})
        merged = {**said, **more, "values": {**self.spec.values, **entry.values}}
        return ManifestSpec(**{"manifest": MANIFEST, **merged})


def recipe_folders(inventory_folder: Path) -> tuple[Path, Path]:
    """Where recipes are looked for: beside the inventory, then those that kprov ships."""
    return inventory_folder / "addons", share("addons")


def recipe_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """All recipes there are."""
    found = {path.parent.name for folder in folders for path in folder.glob(f"*/{RECIPE}")}
    return tuple(sorted(found))


def find_recipe(name: str, folders: Sequence[Path]) -> Recipe | None:
    """The recipe of that name; None: there is none. InputError for one that cannot be used."""
    for folder in folders:
        path = folder / name / RECIPE
        if path.is_file():
            return Recipe(path.parent, _read(path))
    return None


def _read(path: Path) -> RecipeSpec:
    try:
        return RecipeSpec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"this recipe cannot be read: {error}", where=str(path)) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        known = f"a recipe may say: {', '.join(RecipeSpec.model_fields)}"
        raise InputError(f"`{field}`: {first['msg']}", where=str(path), hint=known) from error
