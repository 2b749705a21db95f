"""Add-ons: manifests that are applied to the cluster, kept as they are written, and pruned."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from kprov.model.spec import Spec


class ManifestSpec(Spec):
    """What an add-on is made of: an entry of `cluster.addons`, or `addon.yaml` of a recipe."""

    manifest: str | None = None
    """File (relative to the inventory) or https:// address of the manifest. Unset: the recipe
    `addons/NAME/` beside the inventory, or the one of that name that kprov ships."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """What a downloaded manifest has to be; unset: what kprov.lock pins, or what is there at the
    first apply, which is pinned then."""
    template: bool | None = None
    """Whether it is a Jinja2 template, with `values` and the words of roles; unset: when its name
    ends in `.j2`."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Variables of the template."""
    namespace: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
    """Namespace of objects that name none; made when it is not there, and left when the add-on
    goes."""
    wait: Literal["all"] | list[str] | None = None
    """Objects of the manifest that must be ready before apply goes on, such as
    `[deployment/web, crd/widgets.example.com]`. Unset or `all`: its Deployments, DaemonSets,
    StatefulSets, Jobs and APIServices; `[]`: nothing."""
    timeout: int | None = Field(default=None, ge=1)
    """Seconds that this may take; unset: 300."""
    provides: list[Literal["network-policy"]] | None = None
    """What else comes with it: `network-policy`, that NetworkPolicies are enforced."""


class AddonSpec(ManifestSpec):
    """An add-on."""

    name: str
    """Its name: lower-case letters, digits and '-'. One that kprov ships needs no `manifest`."""


class RecipeSpec(ManifestSpec):
    """`addon.yaml` of a recipe: what an entry of `cluster.addons` need not say."""

    about: str = ""
    """What it is, in a line."""
