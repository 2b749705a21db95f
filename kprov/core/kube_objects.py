"""Manifests: text to Kubernetes objects in the order in which they are applied, and back. Pure.

YAML is read as Kubernetes' own tools read it (sigs.k8s.io/yaml: YAML to JSON): dates stay text,
`12:30` is no number, `1e3` is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from kprov.model.errors import InputError, Location
from kprov.model.kube import FOUNDATIONS, KubeObject

ADDON_LABEL = "kprov.dev/addon"
"""On every object that kprov applies: the name of the manifest it belongs to."""

CLUSTER_WIDE = frozenset((
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole",
    "ClusterRoleBinding", "ComponentStatus", "CustomResourceDefinition", "DeviceClass",
    "FlowSchema", "IngressClass", "IPAddress", "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding", "MutatingWebhookConfiguration", "Namespace", "Node",
    "PersistentVolume", "PodSecurityPolicy", "PriorityClass", "PriorityLevelConfiguration",
    "ResourceSlice", "RuntimeClass", "ServiceCIDR", "StorageClass", "StorageVersionMigration",
    "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
))  # fmt: skip
"""Kinds of Kubernetes' own groups that live in no namespace (`kubectl api-resources`)."""

_FIRST = (*FOUNDATIONS, "PriorityClass", "RuntimeClass", "ServiceAccount", "LimitRange")
"""Admission looks at these when it meets the others."""
_LAST = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
"""These would refuse the others until their own pods run."""
_NAME = re.compile(r"[^\s\"'\\|/%]+")
_CORE = "tag:yaml.org,2002:"
_LIBYAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LIBYAML_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_INT = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
_NOT_KUBERNETES = ("timestamp", "value", "int", "float")


class _Loader(_LIBYAML_LOADER):  # type: ignore[misc]
    """Plain scalars as sigs.k8s.io/yaml takes them."""


class _Dumper(_LIBYAML_DUMPER):  # type: ignore[misc]
    """Quotes what Kubernetes' tools would read as something else; texts of lines as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        """Every value is written out: nobody should have to look for an anchor."""
        return True


_Loader.yaml_implicit_resolvers = {
    first: [its for its in resolvers if its[0].removeprefix(_CORE) not in _NOT_KUBERNETES]
    for first, resolvers in _LIBYAML_LOADER.yaml_implicit_resolvers.items()
}
for _class in (_Loader, _Dumper):
    _class.add_implicit_resolver(_CORE + "int", re.compile(f"^({_INT.pattern})$"), "-+0123456789")
    _class.add_implicit_resolver(
        _CORE + "float", re.compile(f"^({_FLOAT.pattern})$"), "-+0123456789."
    )
_Dumper.add_implicit_resolver(_CORE + "bool", re.compile("^[yYnN]$"), "yYnN")


def _represent_text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar(_CORE + "str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def read_objects(text: str | bytes, where: Location, *, namespace: str = "") -> list[KubeObject]:
    """The objects of a manifest in written order; `kind: List` stands for its items.

    Objects that name no namespace get `namespace`, where their kind lives in one. InputError names
    the document for what is not YAML, or no Kubernetes object.
    """
    found: list[KubeObject] = []
    for number, document in _documents(text, where):
        found += [_object(its, number, where) for its in _items(document, number, where)]
    own = {_defined(its): _is_cluster_wide(its.body) for its in found if _is_crd(its)}
    placed = [_placed(its, namespace, own) for its in found]
    _refuse_twice(placed, where)
    return placed


def in_order(objects: Sequence[KubeObject]) -> tuple[KubeObject, ...]:
    """In the order in which they are applied: namespaces and definitions first, webhooks last."""
    return tuple(sorted(objects, key=_rank))


def labelled(its: KubeObject, name: str) -> KubeObject:
    """The object with the label that says whose it is."""
    metadata = its.body["metadata"]
    labels = {**(metadata.get("labels") or {}), ADDON_LABEL: name}
    return replace(its, body={**its.body, "metadata": {**metadata, "labels": labels}})


def manifest_text(objects: Sequence[KubeObject]) -> bytes:
    """YAML, a document each."""
    text = yaml.dump_all(
        [dict(its.body) for its in objects],
        Dumper=_Dumper, sort_keys=False, allow_unicode=True, explicit_start=True, width=100_000,
    )  # fmt: skip
    return str(text).encode()


def own_kinds(objects: Sequence[KubeObject]) -> frozenset[tuple[str, str]]:
    """Group and kind of what definitions among these objects bring."""
    return frozenset(_defined(its) for its in objects if _is_crd(its))


def in_common(
    manifests: Mapping[str, Iterable[KubeObject]],
) -> dict[tuple[str, str], list[str]]:
    """Two manifests by name to the keys of the objects that both bring."""
    owners: dict[str, str] = {}
    found: dict[tuple[str, str], list[str]] = {}
    for name, objects in manifests.items():
        for its in objects:
            first = owners.setdefault(its.key, name)
            if first != name:
                found.setdefault((first, name), []).append(its.key)
    return found


def _documents(text: str | bytes, where: Location) -> Iterator[tuple[int, Any]]:
    number = 0
    try:
        for document in yaml.load_all(text, Loader=_Loader):
            number += 1
            if document is not None:
                yield number, document
    except (yaml.YAMLError, ValueError) as error:
        words = " ".join(str(error).replace('in "<byte string>", ', "").split())
        raise InputError(f"document {number + 1} is not YAML: {words}", where=where) from error


def _items(document: Any, number: int, where: Location) -> Iterator[Any]:
    is_list = isinstance(document, dict) and str(document.get("kind", "")).endswith("List")
    if is_list and isinstance(document.get("items"), list):
        for item in document["items"]:
            yield from _items(item, number, where)
    else:
        yield document


def _object(item: Any, number: int, where: Location) -> KubeObject:
    if not isinstance(item, dict):
        raise _no_object(item, number, where, "a Kubernetes object is a mapping")
    for key in ("apiVersion", "kind"):
        if not isinstance(item.get(key), str) or not item[key]:
            raise _no_object(item, number, where, f"a Kubernetes object needs `{key}`")
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        raise _no_object(item, number, where, "a Kubernetes object needs `metadata`, a mapping")
    name, namespace = metadata.get("name"), metadata.get("namespace") or ""
    for key, value in (("name", name), ("namespace", namespace or "-")):
        if not isinstance(value, str) or not _NAME.fullmatch(value):
            needs = f"a Kubernetes object needs `metadata.{key}`, a name of the API"
            raise _no_object(item, number, where, needs)
    return KubeObject(item["apiVersion"], item["kind"], str(namespace), str(name), item, number)


def _no_object(item: Any, number: int, where: Location, needs: str) -> InputError:
    shown = str(yaml.dump(item, Dumper=_Dumper, default_flow_style=True, width=10_000))
    return InputError(
        f"document {number}: {needs}, found {shown.splitlines()[0][:120]}", where=where,
        hint="kprov applies Kubernetes objects: apiVersion, kind, metadata.name",
    )  # fmt: skip


def _is_crd(its: KubeObject) -> bool:
    return its.kind == "CustomResourceDefinition"


def _defined(its: KubeObject) -> tuple[str, str]:
    spec = its.body.get("spec") or {}
    return str(spec.get("group", "")), str((spec.get("names") or {}).get("kind", ""))


def _is_cluster_wide(definition: Mapping[str, Any]) -> bool:
    return (definition.get("spec") or {}).get("scope") == "Cluster"


def _placed(its: KubeObject, namespace: str, own: Mapping[tuple[str, str], bool]) -> KubeObject:
    """In its namespace; of kinds that nobody here knows, most live in one."""
    cluster_wide = own.get((its.group, its.kind), its.built_in and its.kind in CLUSTER_WIDE)
    if its.namespace or cluster_wide:
        return its
    home = namespace or "default"
    body = {**its.body, "metadata": {**its.body["metadata"], "namespace": home}}
    return replace(its, namespace=home, body=body)


def _refuse_twice(objects: Sequence[KubeObject], where: Location) -> None:
    seen: dict[str, KubeObject] = {}
    for its in objects:
        first = seen.setdefault(its.key, its)
        if first is not its:
            what = f"document {its.document}: {its.key} is in document {first.document} already"
            raise InputError(what, where=where, hint="keep one of them")


def _rank(its: KubeObject) -> int:
    if its.kind in _FIRST and its.built_in:
        return _FIRST.index(its.kind)
    if its.kind in _LAST and its.built_in:
        return len(_FIRST) + 2
    return len(_FIRST) + (0 if its.built_in else 1)
