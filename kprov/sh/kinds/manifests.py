"""Kubernetes objects, applied on a control plane with kubectl."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


class ManifestKind:
    """manifest: params `path` (on the host) and `objects` (how many)."""

    name = "manifest"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """The digest annotation of every object."""
        return [call("look_manifest", str(n), str(r.params["path"])) for n, r in resources]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """`digest` is `mixed` when objects differ; None where the API does not answer."""
        line = records.get("condition", str(number))
        found = text_member(line, "lines").split() if line is not None else []
        if not found or found == ["unknown"]:
            return None
        return {"digest": found[0] if len(set(found)) == 1 else "mixed", "objects": len(found)}

    def write(self, change: Change) -> str:
        """Server-side apply."""
        return call("k_manifest", str(change.resource.params["path"]))
