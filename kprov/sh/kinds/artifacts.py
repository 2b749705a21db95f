"""Binaries in /opt/kprov with a link on the PATH, and container images."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


class ArtifactKind:
    """artifact: `name` is the link; params: directory, binary, how, from, member.

    The stamp beside a binary says from which artefact it came and what stat said then, so that
    no probe has to read a hundred megabytes.
    """

    name = "artifact"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """Stamps, one stat, links."""
        binaries = [f"{r.params['directory']}/{r.params['binary']}" for _, r in resources]
        stamps = [f"{r.params['directory']}/.{r.params['binary']}.stamp" for _, r in resources]
        return [
            call("look_stamps", *stamps),
            call("look_paths", *binaries),
            call("look_links", *(resource.name for _, resource in resources)),
        ]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Digest of its source (empty when altered since), and the link's target."""
        directory, binary = resource.params["directory"], resource.params["binary"]
        stamp = records.get("stamp", f"{directory}/.{binary}.stamp")
        path = records.get("path", f"{directory}/{binary}")
        link = records.get("link", resource.name)
        if stamp is None and link is None:
            return None
        source, *stat = str(stamp["is"]).split() if stamp else ["", ""]
        seen = [str(path[key]) for key in ("size", "mtime", "inode")] if path else []
        return {
            "source": source if seen and stat == seen else "",
            "link": text_member(link, "target") if link else "",
        }

    def write(self, change: Change) -> str:
        """Install, or only set the link."""
        resource = change.resource
        params = resource.params
        if change.keys == ("link",):
            return call("k_artifact_link", params["directory"], params["binary"], resource.name)
        return call(
            "k_artifact",
            params["directory"],
            params["binary"],
            resource.name,
            str((resource.expected or {})["source"]),
            params["how"],
            params["from"],
            params.get("member") or "",
        )


class ImageKind:
    """image: `name` is the archive; expected tags are in `tags`, one per line."""

    name = "image"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One list of images for all."""
        return [call("look_images", str(resources[0][0]))] if resources else []

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Present when every tag of the archive is."""
        tags = set(resource.params.get("tags", ()))
        for line in records.of_kind("condition").values():
            present = set(text_member(line, "lines").split())
            if tags and tags <= present:
                return {"present": True}
        return None

    def write(self, change: Change) -> str:
        """Import the archive that was delivered."""
        return call("k_image", str(change.resource.params["from"]))
