"""Kubernetes objects, applied on a control plane with kubectl."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


class ManifestKind:
    """manifest: params `path` on the host, `objects`: kind and name of each, None when unknown."""

    name = "manifest"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """The digest annotations of all objects, in one question to the API where that will do."""
        known = [str(r.params["path"]) for _, r in resources if r.params["objects"] is not None]
        first = str(resources[0][0])
        lines = [call("look_manifests", f"{first}.all", *known)] if known else []
        return lines + [
            call("look_manifests", str(number), str(resource.params["path"]))
            for number, resource in resources
            if resource.params["objects"] is None
        ]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """`digest` is `mixed` when objects differ; None where there are none, or no API."""
        names = resource.params["objects"]
        found = [
            digest
            for its_number, name, digest in _annotations(records)
            if (its_number == str(number) if names is None else name in names)
        ]
        if not found:
            return None
        return {"digest": found[0] if len(set(found)) == 1 else "mixed", "objects": len(found)}

    def write(self, change: Change) -> str:
        """Server-side apply."""
        return call("k_manifest", str(change.resource.params["path"]))


def _annotations(records: Records) -> list[tuple[str, str, str]]:
    """Number of the question, `Kind name`, digest of every object that the API has shown."""
    rows = (
        (number, row.split())
        for number, line in records.of_kind("manifests").items()
        for row in text_member(line, "lines").splitlines()
    )
    return [(number, f"{its[0]} {its[1]}", its[2]) for number, its in rows if len(its) == 3]
