"""Manifests to resources: the file on the control plane, the objects in the API, the wait for them.

How they get there is the kinds' affair (kprov/sh/kinds/manifests.py); here nothing is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kprov.core.kube_objects import (
    in_order,
    labelled,
    manifest_text,
    own_kinds,
    read_objects,
)
from kprov.lang.schema import did_you_mean
from kprov.model.errors import InputError, Location
from kprov.model.kube import KubeObject
from kprov.model.resource import Content, Resource

MANIFEST_FOLDER = "/etc/kubernetes/kprov"
ROLES, ADDONS = "roles", "addons"
"""Families of manifests: what is no longer in the list of its family is pruned as a whole."""
WAIT_FOR_ALL = "all"
_ALL = ("Deployment", "DaemonSet", "StatefulSet", "Job", "APIService")
"""Kinds that `wait: all` waits for."""
_SHORT = {
    "Deployment": "deploy", "DaemonSet": "ds", "StatefulSet": "sts", "Pod": "po",
    "CustomResourceDefinition": "crd",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was rendered, or None for its text while it needs facts that are not there.

    `wait` names objects of it, `Deployment/x`, or `all`; `timeout` in seconds.
    """

    name: str
    text: bytes | None
    where: Location
    family: str = ROLES
    namespace: str = ""
    wait: Sequence[str] = ()
    timeout: int = 300


def manifest_resources(manifest: Manifest) -> list[Resource]:
    """The file, the objects, and what has to be ready; InputError for what is no manifest."""
    path = f"{MANIFEST_FOLDER}/{manifest.name}.yaml"
    if manifest.text is None:
        return [_file(path, None, secret=True), *_unknown(manifest, path)]
    objects = in_order([
        labelled(its, manifest.name)
        for its in read_objects(manifest.text, manifest.where, namespace=manifest.namespace)
    ])  # fmt: skip
    if not objects:
        raise InputError(
            f"the manifest of {manifest.name} has no objects", where=manifest.where,
            hint="`absent: true`, or no entry in the list, takes away what was applied",
        )  # fmt: skip
    secret = any(its.kind == "Secret" for its in objects)
    made = [_file(path, manifest_text(objects), secret=secret), _objects(manifest, path, objects)]
    waits = waited_for(objects, manifest.wait, manifest.where)
    if waits:
        params = _params(manifest, path) | {"timeout": manifest.timeout, "objects": waits}
        made.append(Resource("rollout", manifest.name, {"met": True}, params))
    return made


def absent_manifest(name: str, family: str) -> list[Resource]:
    """What takes away everything that was applied under this name, and its file."""
    path = f"{MANIFEST_FOLDER}/{name}.yaml"
    params = {"family": family, "path": path, "objects": ()}
    file = Resource("file", path, None, {"manifest": True})
    return [Resource("manifest", name, None, params), file]


def waited_for(
    objects: Iterable[KubeObject], wait: Sequence[str], where: Location
) -> tuple[KubeObject, ...]:
    """The objects that `wait` names; InputError with a suggestion for one that is not there."""
    if tuple(wait) == (WAIT_FOR_ALL,):
        return tuple(its for its in objects if its.built_in and its.kind in _ALL)
    by_name = {name: its for its in objects for name in _names(its)}
    for item in wait:
        if item.lower() not in by_name:
            raise InputError(
                f"`wait` names `{item}`, which is not in the manifest", where=where,
                hint=did_you_mean(item, {f"{its.kind}/{its.name}" for its in by_name.values()}),
            )  # fmt: skip
    return tuple(by_name[item.lower()] for item in wait)


def _names(its: KubeObject) -> list[str]:
    """What kubectl takes for it: `deployment/x`, `deployments/x`, `deploy/x`."""
    kind = its.kind.lower()
    words = (kind, f"{kind}s", *filter(None, (_SHORT.get(its.kind),)))
    return [f"{word}/{its.name}".lower() for word in words]


def _params(manifest: Manifest, path: str) -> dict[str, object]:
    return {"family": manifest.family, "path": path}


def _unknown(manifest: Manifest, path: str) -> list[Resource]:
    params = _params(manifest, path) | {"objects": None}
    made = [Resource("manifest", manifest.name, {}, params)]
    if manifest.wait:
        made.append(Resource("rollout", manifest.name, {"met": True}, params))
    return made


def _objects(manifest: Manifest, path: str, objects: Sequence[KubeObject]) -> Resource:
    """Expected: every object's digest by its key, and nothing left of what the manifest dropped."""
    params = _params(manifest, path) | {
        "objects": tuple(objects),
        "own": own_kinds(objects),
        "namespace": "" if _has_namespace(manifest.namespace, objects) else manifest.namespace,
    }
    expected = {its.key: its.digest for its in objects} | {"dropped": ""}
    return Resource("manifest", manifest.name, expected, params)


def _has_namespace(name: str, objects: Iterable[KubeObject]) -> bool:
    return any(its.kind == "Namespace" and its.name == name for its in objects)


def _file(path: str, data: bytes | None, *, secret: bool) -> Resource:
    """Readable by root alone; one with a Secret in it is never shown."""
    owned: dict[str, str | int | bool] = {
        "type": "file", "mode": "0600", "owner": "root", "group": "root"
    }  # fmt: skip
    content = None if data is None else Content(data, secret=secret)
    if content is not None:
        owned["sha256"] = content.sha256
    return Resource("file", path, owned, {"secret": secret, "manifest": True}, content)
