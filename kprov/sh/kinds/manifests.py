"""Kubernetes objects, applied on a control plane with kubectl, and what is on record of them.

The record is ConfigMap kube-system/kprov-applied: a key for each manifest, `FAMILY.NAME`, with a
line for each of its objects: `DIGEST OWNED APIVERSION KIND NAMESPACE NAME`. DIGEST is of what the
manifest said. OWNED is of the fields that the API, after the apply, held to be kprov's (its entry
in `metadata.managedFields`). Whoever changes one of these fields, or removes it, takes it away
from kprov in that very list, so one question tells whether anything was changed by hand; what
others add beside it (status, defaults, a replica count that the manifest leaves open) does not
count. https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kprov.model.change import Change
from kprov.model.kube import FOUNDATIONS, KubeObject, object_key
from kprov.model.resource import Resource, Scalar, State
from kprov.sh.quote import call
from kprov.sh.records import Records

BY_HAND = "changed by hand"
UNRECORDED = "not on record"
READY = "ready"
"""What is `yes` on record, as `FAMILY.NAME.ready`, once a rollout has been seen to end."""
STABLE_KINDS: Mapping[str, frozenset[str]] = {
    "v1": frozenset((
        "ConfigMap", "LimitRange", "Namespace", "PersistentVolumeClaim", "Pod", "ResourceQuota",
        "Secret", "Service", "ServiceAccount",
    )),
    "apps/v1": frozenset(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
    "batch/v1": frozenset(("Job",)),
    "networking.k8s.io/v1": frozenset(("Ingress", "IngressClass", "NetworkPolicy")),
    "rbac.authorization.k8s.io/v1": frozenset((
        "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding",
    )),
    "apiextensions.k8s.io/v1": frozenset(("CustomResourceDefinition",)),
    "apiregistration.k8s.io/v1": frozenset(("APIService",)),
    "scheduling.k8s.io/v1": frozenset(("PriorityClass",)),
}  # fmt: skip
"""Served by every release from v1.20 on; of others the API is asked before anything is applied."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a look has found in the API. `recorded`: record key to its lines; `seen`: object key
    to the digest of the fields that are kprov's."""

    recorded: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)


def manifest_state(key: str, objects: Iterable[KubeObject], applied: Applied) -> State | None:
    """What is there of a manifest: object key to digest, or to why it counts as another's.

    `dropped` has the lines of objects that are on record and no longer wanted. None: nothing there.
    """
    lines = [line.split() for line in applied.recorded.get(key, "").splitlines()]
    record = {object_key(*line[2:6]): line for line in lines if len(line) == 6}
    wanted = [its.key for its in objects]
    state: dict[str, Scalar] = {}
    for name in wanted:
        if name not in applied.seen:
            continue
        if name not in record:
            state[name] = UNRECORDED
        else:
            digest, owned = record[name][:2]
            state[name] = digest if owned == applied.seen[name] else BY_HAND
    dropped = [" ".join(line[2:]) for name, line in record.items() if name not in wanted]
    if not state and not record:
        return None
    return state | {"dropped": "\n".join(sorted(dropped))}


def record_key(resource: Resource) -> str:
    """Where the record has a manifest."""
    return f"{resource.params['family']}.{resource.name}"


class ManifestKind:
    """manifest: params `family`, `path` of its file on the host, `objects` (None: not known yet),
    `own` (group and kind of what its own definitions bring), `namespace` to be made."""

    name = "manifest"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One question to the API for all of them; the record answers for what is left over."""
        number = str(resources[0][0])
        known = [its for _, its in resources if its.params["objects"] is not None]
        objects = [its for resource in known for its in resource.params["objects"]]
        custom = [
            _questions(its for its in resource.params["objects"] if not its.built_in)
            for resource in known
        ]
        paths = [str(its.params["path"]) for _, its in resources if its.params["objects"] is None]
        built_in = _questions(its for its in objects if its.built_in)
        return [call("look_manifests", number, built_in, *filter(None, custom), *paths)]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Every object's digest, by its key."""
        applied = read_applied(records)
        if resource.expected is None:
            lines = applied.recorded.get(record_key(resource))
            return None if lines is None else {"dropped": _without_digests(lines)}
        return manifest_state(record_key(resource), resource.params["objects"] or (), applied)

    def write(self, change: Change) -> str:
        """Server-side apply, then whatever the manifest has dropped is deleted."""
        resource, params = change.resource, change.resource.params
        dropped = str((change.before or {}).get("dropped", ""))
        if resource.expected is None:
            return call("k_manifest_gone", record_key(resource), resource.name, dropped)
        objects: Sequence[KubeObject] = params["objects"] or ()
        return call(
            "k_manifest",
            record_key(resource),
            resource.name,
            str(params["path"]),
            "".join(f"{its.digest} {its.line} {its.document}\n" for its in objects),
            str(sum(its.built_in and its.kind in FOUNDATIONS for its in objects)),
            dropped,
            "".join(f"{its.kind} {its.api_version}\n" for its in _to_be_known(resource)),
            str(params.get("namespace", "")),
        )


class RolloutKind:
    """rollout: params `family`, `objects` that have to be ready, `timeout` in seconds.

    Once that was seen it stays on record until the manifest is applied again.
    """

    name = "rollout"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """The record has come with the manifests."""
        return []

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Whether it is on record that all was ready."""
        recorded = read_applied(records).recorded
        ready = recorded.get(f"{record_key(resource)}.{READY}") == "yes"
        return {"met": True} if ready else None

    def write(self, change: Change) -> str:
        """Watch them, side by side."""
        resource = change.resource
        objects: Sequence[KubeObject] = resource.params["objects"]
        waits = [f"{its.line} {_selector(its)}\n" for its in objects]
        timeout = str(resource.params["timeout"])
        return call("k_rollout", record_key(resource), resource.name, timeout, "".join(waits))


class LeftoversKind:
    """leftovers: of a family of manifests, those that are on record but not among `keep`."""

    name = "leftovers"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """The record has come with the manifests."""
        return []

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """`left`: a line for each object, the manifest's name before it."""
        left = []
        keys = {f"{resource.name}.{name}" for name in resource.params["keep"]}
        for key, lines in sorted(read_applied(records).recorded.items()):
            family, _, name = key.partition(".")
            if family == resource.name and key not in keys and not name.endswith(f".{READY}"):
                left += [f"{name} {line}" for line in _without_digests(lines).splitlines()]
        return {"left": "\n".join(left)}

    def write(self, change: Change) -> str:
        """Delete them, manifest by manifest."""
        return call("k_leftovers", change.resource.name, str((change.before or {}).get("left", "")))


def read_applied(records: Records) -> Applied:
    """What the API has answered; nothing where nobody did."""
    recorded: dict[str, str] = {}
    seen: dict[str, str] = {}
    for line in records.of_kind("manifests").values():
        rows = gzip.decompress(base64.b64decode(line["rows"])).decode(errors="replace")
        for row in rows.splitlines():
            if row.startswith("{"):
                recorded |= json.loads(row)
                continue
            version, kind, namespace, name, replicas, fields = (*row.split("|", 5), *[""] * 5)[:6]
            if name:
                key = object_key(version, kind, namespace, name)
                seen[key] = _owned(replicas, fields)
    return Applied(recorded, seen)


def _owned(replicas: str, fields: str) -> str:
    """Until Kubernetes 1.22 the API does not note whose the scale is (its CHANGELOG-1.23), so the
    number counts as well where it is kprov's."""
    scale = replicas if '"f:replicas"' in fields else ""
    return hashlib.sha256(f"{scale}|{fields}".encode()).hexdigest()[:16]


def _questions(objects: Iterable[KubeObject]) -> str:
    """As little YAML as names the objects."""
    return "".join(f"---\n{json.dumps(_name_of(its))}\n" for its in objects)


def _name_of(its: KubeObject) -> dict[str, object]:
    metadata = {"name": its.name} | ({"namespace": its.namespace} if its.namespace else {})
    return {"apiVersion": its.api_version, "kind": its.kind, "metadata": metadata}


def _without_digests(lines: str) -> str:
    return "\n".join(line.split(" ", 2)[2] for line in lines.splitlines() if line.count(" ") > 2)


def _to_be_known(resource: Resource) -> list[KubeObject]:
    """Objects of kinds that the API may not know, and the manifest does not define."""
    return [
        its
        for its in resource.params["objects"] or ()
        if its.kind not in STABLE_KINDS.get(its.api_version, ())
        and (its.group, its.kind) not in resource.params.get("own", ())
    ]


def _selector(its: KubeObject) -> str:
    """Which pods are its, as kubectl takes it; `-` for what has none."""
    labels = ((its.body.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "-"
