"""Images that nodes have before they are needed."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from kprov.model.spec import Spec

# The grammar of distribution/reference: a registry's host has a dot or a port, or is localhost.
_NAME = re.compile(
    r"(?P<host>(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9-]+(?=:\d))(:\d+)?/)?"
    r"(?P<path>[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})"
)


def full_name(name: str) -> str:
    """An image's name as the runtime keeps it: `busybox:1.36` is docker.io/library/busybox:1.36.

    Raises ValueError for what is no name with a tag or digest.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(
            f"{name!r} is not the name of an image with its tag or digest, such as "
            "registry.example.com/team/app:v1.2"
        )
    if match["host"]:
        return name
    return f"docker.io/{name}" if "/" in match["path"] else f"docker.io/library/{name}"


ImageName = Annotated[str, AfterValidator(full_name)]


class ImageSpec(Spec):
    """An image: an archive that is loaded, or a name that is pulled from its registry."""

    archive: str | None = None
    """Path (relative to the inventory) or URL of a docker-archive or OCI archive."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Digest of the archive; must be there for a URL."""
    image: ImageName | None = None
    """Name with tag or digest: every node pulls it, all of them side by side."""

    @model_validator(mode="after")
    def _one_of_them(self) -> ImageSpec:
        if (self.archive is None) == (self.image is None):
            raise ValueError("expected either `archive: FILE` or `image: NAME`")
        if self.image is not None and self.sha256 is not None:
            raise ValueError("`sha256` is for archives; an image's digest is part of its name")
        return self
