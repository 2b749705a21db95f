"""What people write of image registries and of the proxy that leads to them."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from kprov.model.spec import Spec

_UNSAFE = re.compile(r"[\s'\"\\$`<>]")


def _mirror(value: str) -> str:
    return _url(value, ("http", "https"), "https://mirror.example.com")


def _proxy(value: str) -> str:
    return _url(value, ("http", "https", "socks5"), "http://proxy.example.com:3128")


def _url(value: str, schemes: tuple[str, ...], example: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname or _UNSAFE.search(value):
        # not shown: there may be a password in it
        raise ValueError(f"this is not an address such as {example}")
    return value.rstrip("/")


MirrorUrl = Annotated[str, AfterValidator(_mirror)]
ProxyUrl = Annotated[str, AfterValidator(_proxy)]


class RegistrySpec(Spec):
    """One registry: where its images are pulled from, whom to trust, who we are there."""

    mirrors: list[MirrorUrl] = Field(default_factory=list)
    """Addresses that are tried in this order, before the registry itself. One with a path such as
    https://harbor.example.com/v2/project is taken as it is."""
    fallback: bool = True
    """Ask the registry itself when no mirror has the image; false: mirrors only."""
    ca: str | None = None
    """File (relative to the inventory) with the authorities, PEM, that sign their certificates."""
    skip_verify: bool = False
    """Do not verify certificates. For tests only: whoever is in between can change images."""
    username: str | None = Field(default=None, min_length=1)
    """Name to log in with, at the mirrors, or at the registry where there are none."""
    password_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Environment variable of this computer that holds the password or token."""
    password_file: str | None = None
    """File (relative to the inventory) that holds the password or token."""


class ContainerdSpec(Spec):
    """The container runtime."""

    registries: dict[str, RegistrySpec] = Field(default_factory=dict)
    """Registry host to what is special about it: `docker.io: {mirrors: [https://...]}`."""


class ProxySpec(Spec):
    """The proxy that hosts download and pull images through."""

    http: ProxyUrl | None = None
    """For http addresses; a password in it is kept from other users of the host."""
    https: ProxyUrl | None = None
    """For https addresses."""
    no_proxy: list[str] = Field(default_factory=list)
    """More that is reached directly. Always are: this host, pods, Services, nodes, the endpoint."""
