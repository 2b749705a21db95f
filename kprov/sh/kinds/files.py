"""Directories, files and links."""

from __future__ import annotations

from collections.abc import Sequence

from kprov.model.change import Change
from kprov.model.resource import Resource, State
from kprov.sh.kinds.base import read_path
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member


class DirectoryKind:
    """directory {path, mode, owner, group, data}."""

    name = "directory"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One stat for all; data folders must also be on the host's record."""
        lines = [call("look_paths", *(resource.name for _, resource in resources))]
        data = [resource.name for _, resource in resources if resource.params.get("data")]
        return [*lines, call("look_data", *data)] if data else lines

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Type, mode, owner, group; and for data folders whether reset knows of them."""
        state = read_path(resource.name, records)
        if state is not None and resource.params.get("data"):
            state["data"] = records.get("data", resource.name) is not None
        return state

    def write(self, change: Change) -> str:
        """Make it, set its mode and owner."""
        want = change.resource.expected or {}
        return call(
            "k_directory",
            change.resource.name,
            str(want["mode"]).lstrip("0") or "0",
            str(want["owner"]),
            str(want["group"]),
            bool(change.resource.params.get("data")),
        )


class FileKind:
    """file {path, content, mode, owner, group, secret, validate} and its absence."""

    name = "file"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """One stat and one sha256sum for all; contents come only where they differ."""
        names = [resource.name for _, resource in resources]
        lines = [call("look_paths", *names)]
        secret = [r.name for _, r in resources if r.params.get("secret")]
        plain = [r for _, r in resources if not r.params.get("secret")]
        if secret:
            lines.append(call("look_files", "secret", *secret))
        if plain:
            known = "".join(f"{r.content.sha256}  {r.name}\n" for r in plain if r.content)
            lines.append(call("look_files", known or "-", *(r.name for r in plain)))
        return lines

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Type, mode, owner, group, digest."""
        state = read_path(resource.name, records)
        line = records.get("of", resource.name)
        if state is not None and line is not None:
            state["sha256"] = line["sum"]
        return state

    def write(self, change: Change) -> str:
        """Write beside and rename; refused when the file is not what the plan saw."""
        resource = change.resource
        if resource.expected is None:
            return call("k_absent", resource.name)
        before = (change.before or {}).get("sha256", "-")
        return call(
            "k_file",
            resource.name,
            str(resource.expected["mode"]).lstrip("0") or "0",
            str(resource.expected["owner"]),
            str(resource.expected["group"]),
            str(resource.expected["sha256"]),
            str(before),
            *filter(None, [str(resource.params.get("validate", ""))]),
        )


class LinkKind:
    """link {path, target}."""

    name = "link"

    def look(self, resources: Sequence[tuple[int, Resource]]) -> list[str]:
        """A readlink each."""
        return [call("look_links", *(resource.name for _, resource in resources))]

    def read(self, number: int, resource: Resource, records: Records) -> State | None:
        """Where it points."""
        line = records.get("link", resource.name)
        return None if line is None else {"target": text_member(line, "target")}

    def write(self, change: Change) -> str:
        """Replace at once."""
        want = change.resource.expected or {}
        return call("k_link", change.resource.name, str(want["target"]))
