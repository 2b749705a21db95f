"""Names and addresses: what is valid where."""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
_MAX_NAME = 63


def node_name_fault(name: str) -> str:
    """Why a host name cannot be a node's name; empty when it can.

    A node's name is an RFC 1123 subdomain; it is also the value of the label
    `kubernetes.io/hostname`, which holds 63 characters.
    """
    if len(name) > _MAX_NAME:
        return f"it has {len(name)} characters, at most {_MAX_NAME} are allowed"
    if name != name.lower() and dns_name_is_valid(name.lower()):
        return f"node names are lower case: '{name.lower()}'"
    if dns_name_is_valid(name):
        return ""
    better = re.sub(r"[^a-z0-9.-]+", "-", name.lower()).strip("-.")
    offer = f", such as '{better}'" if dns_name_is_valid(better) else ""
    return f"a node's name holds lower-case letters, digits, '-' and '.'{offer} (RFC 1123)"


def dns_name_is_valid(name: str) -> bool:
    """Whether this is a DNS subdomain by RFC 1123: labels of at most 63 characters, 253 in all."""
    labels = name.split(".")
    return len(name) <= 253 and all(len(label) <= 63 and _LABEL.match(label) for label in labels)


def address_of(text: object) -> Address | None:
    """The address a text is, None when it is a name or anything else."""
    if not isinstance(text, str):
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_name_or_address(text: str) -> bool:
    """Whether a certificate or an endpoint can carry this."""
    if address_of(text) is not None:
        return True
    looks_like_ipv4 = re.fullmatch(r"\d+(\.\d+){3}", text) is not None
    return dns_name_is_valid(text.lower()) and not looks_like_ipv4


def endpoint_fault(endpoint: str) -> str:
    """Why a text is not `host:port`; empty when it is."""
    if "://" in endpoint:
        return f"leave out {endpoint.partition('://')[0]}://"
    host, colon, port = endpoint.rpartition(":")
    if not colon or (address_of(endpoint) and ":" in endpoint):
        return f"the port is missing: {endpoint}:6443"
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        return f"{port!r} is not a port from 1 to 65535"
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if ":" in host and bare is host:
        return f"write an IPv6 address in brackets: [{host}]:{port}"
    return "" if is_name_or_address(bare) else f"{bare!r} is neither a name nor an address"
