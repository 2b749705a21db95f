"""What everything people write is made of: the base of all specs and the types they share."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from kprov.model.version import Version

Scalar = str | int | float | bool


def cidr(value: str) -> str:
    """A network in its usual form; ValueError for anything else."""
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is not a network such as 10.244.0.0/16: {error}") from error


def _version(value: str) -> str:
    Version.parse(value)
    return value if value.startswith("v") else f"v{value}"


def _bare_version(value: str) -> str:
    Version.parse(value)
    return value.removeprefix("v")


Cidr = Annotated[str, AfterValidator(cidr)]
TaggedVersion = Annotated[str, AfterValidator(_version)]
BareVersion = Annotated[str, AfterValidator(_bare_version)]


class Spec(BaseModel):
    """Base of everything people write: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
