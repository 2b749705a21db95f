"""Binaries in /opt/kprov with a link on the PATH, and container images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
        return {"present": True} if _present(resource.params.get("tags", ()), records) else None

    def write(self, change: Change) -> str:
        """Import the archive that was delivered."""
        return call("k_image", str(change.resource.params["from"]))


class PullKind:
    """pull: params `images`, full names; `block`: work goes on when all of them are there.

    Without `block` they are on their way when work goes on, and whether they arrive is nobody's
    affair: `mark` says that it was tried, so that a cluster without a registry is not asked for
    more at every look.
    """

    name = "pull"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One list of images for all, and the marks."""
        marks = [_mark(resource) for _, resource in resources if not resource.params["block"]]
        lines = [call("look_images", str(resources[0][0]))]
        return [*lines, call("look_paths", *marks)] if marks else lines

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Present when every image is, or was asked for where that is enough."""
        asked = not resource.params["block"] and records.get("path", _mark(resource)) is not None
        if asked or _present(resource.params["images"], records):
            return {"present": True}
        return None

    def write(self, change: Change) -> str:
        """Pull what is missing, side by side."""
        params = change.resource.params
        mark = "" if params["block"] else _mark(change.resource)
        return call("k_pull", mark, *params["images"])


def _mark(resource: Resource) -> str:
    return f"/var/lib/kprov/pulls/{resource.params['mark']}"


def _present(images: Iterable[str], records: Records) -> bool:
    """Whether the runtime has all of them; never of none."""
    wanted = set(images)
    lists = (text_member(line, "lines") for line in records.of_kind("condition").values())
    return bool(wanted) and any(wanted <= set(lines.split()) for lines in lists)
