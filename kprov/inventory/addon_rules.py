"""Add-ons and tenants: names, files, recipes, and walls that hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.spec import ReadSpec
from kprov.lang.recipes import find_recipe, recipe_folders, recipe_names
from kprov.model.addon import AddonSpec
from kprov.model.errors import InputError

OWN_MANIFESTS = ("access", "coredns")
"""Names that kprov's own roles apply manifests under."""
ENFORCERS = ("calico", "cilium", "kube-network-policies")
"""Add-ons that enforce NetworkPolicies, whoever wrote their manifest."""
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = ("default", "kube-system", "kube-public", "kube-node-lease")


def check_addons(read: ReadSpec, folder: Path, findings: Findings) -> None:
    """Every entry of `cluster.addons`; problems go to `findings`."""
    _refuse_twice("addons", read, findings)
    folders = recipe_folders(folder)
    for number, addon in enumerate(read.spec.addons):
        if not read.good("addons", number):
            continue
        if not _LABEL.fullmatch(addon.name):
            what = f"{addon.name!r} is no name of an add-on"
            hint = "expected at most 63 lower-case letters, digits and '-'"
            findings.problem(what, read.place("addons", number, "name"), hint)
            continue
        if addon.name in OWN_MANIFESTS:
            what = f"the add-on name {addon.name} is taken by a role of kprov's own"
            findings.problem(what, read.place("addons", number, "name"), "take another name")
        _check_manifest(addon, number, folder, read, findings)
        _check_recipe(addon, number, folders, read, findings)


def check_tenants(read: ReadSpec, folder: Path, findings: Findings) -> None:
    """Every entry of `cluster.tenants`; problems go to `findings`."""
    _refuse_twice("tenants", read, findings)
    enforced = enforces_policies(read, folder)
    for number, tenant in enumerate(read.spec.tenants):
        place = read.place("tenants", number, "name")
        if not _LABEL.fullmatch(tenant.name):
            what = f"the tenant name {tenant.name!r} is no name of a namespace"
            findings.problem(what, place, "at most 63 lower-case letters, digits and '-'")
        elif tenant.name in _RESERVED or tenant.name.startswith("kube-"):
            what = f"the tenant name {tenant.name} is one of Kubernetes' own namespaces"
            findings.problem(what, place, "a tenant has a namespace to itself")
        if tenant.isolate and not enforced:
            _cannot_isolate(tenant.name, number, read, findings)


def enforces_policies(read: ReadSpec, folder: Path) -> bool:
    """Whether an add-on of the list enforces NetworkPolicies; no `cni` of kprov's own does."""
    return any(_enforces(addon, recipe_folders(folder)) for addon in read.spec.addons)


def _enforces(addon: AddonSpec, folders: Sequence[Path]) -> bool:
    if addon.provides is not None:
        return "network-policy" in addon.provides
    if addon.name in ENFORCERS:
        return True
    try:
        recipe = find_recipe(addon.name, folders) if addon.manifest is None else None
    except InputError:
        return False
    return recipe is not None and "network-policy" in (recipe.spec.provides or ())


def _cannot_isolate(name: str, number: int, read: ReadSpec, findings: Findings) -> None:
    """A policy that nobody enforces only looks as if it held."""
    said = read.says("tenants", number, "isolate")
    place = read.place("tenants", number, *(["isolate"] if said else ["name"]))
    cni = read.spec.network.cni
    what = f"the tenant {name} cannot be isolated: nothing enforces NetworkPolicies"
    hint = (
        f"`network.cni: {cni}` does not; add one of {', '.join(ENFORCERS)} to `cluster.addons` "
        "(or `provides: [network-policy]` to the add-on that does), or say `isolate: false`: then "
        "every pod of the cluster reaches this tenant's"
    )
    findings.problem(what, place, hint)


def _refuse_twice(field: str, read: ReadSpec, findings: Findings) -> None:
    seen: dict[str, int] = {}
    for number, its in enumerate(getattr(read.spec, field)):
        first = seen.setdefault(its.name, number)
        if first != number:
            what = f"two {field} have the name {its.name}"
            place = read.place(field, number, "name")
            findings.problem(what, place, f"the first is at {read.place(field, first, 'name')}")


def _check_manifest(
    addon: AddonSpec, number: int, folder: Path, read: ReadSpec, findings: Findings
) -> None:
    if addon.manifest is None:
        return
    place = read.place("addons", number, "manifest")
    scheme = urlsplit(addon.manifest).scheme
    if scheme == "http" and addon.sha256 is None:
        what = f"the manifest {addon.manifest} comes unprotected, and its `sha256` is not said"
        findings.problem(what, place, "take https://, or add the output of sha256sum for that file")
    if scheme in ("http", "https"):
        return
    path = folder / Path(addon.manifest).expanduser()
    if not path.is_file():
        near = did_you_mean(path.name, _names_in(path.parent))
        what = f"the manifest {addon.manifest} of the add-on {addon.name} does not exist"
        findings.problem(what, place, hint_of(near, f"looked for {path}"))


def _names_in(folder: Path) -> Iterable[str]:
    return [its.name for its in folder.iterdir()] if folder.is_dir() else []


def _check_recipe(
    addon: AddonSpec, number: int, folders: Sequence[Path], read: ReadSpec, findings: Findings
) -> None:
    if addon.manifest is not None:
        return
    try:
        if find_recipe(addon.name, folders) is not None:
            return
    except InputError as error:
        findings.absorb(error)
        return
    names = recipe_names(folders)
    what = f"the add-on {addon.name} has no `manifest`, and there is no recipe of that name"
    hint = hint_of(did_you_mean(addon.name, names), f"recipes: {', '.join(names)}")
    findings.problem(what, read.place("addons", number, "name"), hint)
