"""kubeconfig files (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/): text to text.

Nothing here touches the disk. Entries have a fixed order, so the same input is the same text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from kprov.model.errors import InputError
from kprov.model.secret import Secret

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class InlineCredentials:
    """Certificate and key inside the file, both PEM."""

    cert_pem: str
    key_pem: Secret


@dataclass(frozen=True, slots=True)
class FileCredentials:
    """Certificate and key by their paths on the machine that reads the kubeconfig."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class InlineAuthority:
    """The authority's certificate inside the file, PEM."""

    cert_pem: str


@dataclass(frozen=True, slots=True)
class FileAuthority:
    """The authority's certificate by its path."""

    path: str


def kubeconfig(
    *,
    cluster: str,
    server: str,
    authority: InlineAuthority | FileAuthority,
    user: str,
    credentials: InlineCredentials | FileCredentials,
    context: str | None = None,
    namespace: str | None = None,
) -> str:
    """The YAML text of a kubeconfig with one cluster, user and context (default: user@cluster)."""
    name = context or f"{user}@{cluster}"
    scope = {} if namespace is None else {"namespace": namespace}
    return _dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster, "cluster": {**_authority(authority), "server": server}}],
            "users": [{"name": user, "user": _credentials(credentials)}],
            "contexts": [{"name": name, "context": {"cluster": cluster, "user": user, **scope}}],
            "current-context": name,
        }
    )


def merge(existing: str, new: str, *, where: str = "kubeconfig", switch: bool = True) -> str:
    """`existing` with the entries of `new` in it; everything else stays as it is.

    Entries of the same name are replaced where they stand. `switch` makes the new context the
    current one. Comments are lost, as with kubectl. Raises InputError when `existing` is not a
    kubeconfig: then nothing may be written over it.
    """
    target = _parse(existing, where) if existing.strip() else {}
    addition = _parse(new, "new kubeconfig")
    result = {"apiVersion": "v1", "kind": "Config", **target}
    for section in ("clusters", "users", "contexts"):
        result[section] = _merged(_entries(target, section, where), addition[section])
    if switch or not result.get("current-context"):
        result["current-context"] = addition["current-context"]
    return _dump(result)


def _merged(present: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    replacements = {entry["name"]: entry for entry in new}
    kept = [replacements.pop(entry["name"], entry) for entry in present]
    return kept + list(replacements.values())


def _entries(document: Mapping[str, Any], section: str, where: str) -> list[dict[str, Any]]:
    found = document.get(section) or []  # kubectl writes `clusters: null` into an empty file
    if isinstance(found, list) and all(isinstance(e, dict) and "name" in e for e in found):
        return found
    raise _no_kubeconfig(f"{section!r} is not a list of entries with names", where)


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        # S506: _Loader is the safe loader, less one scalar type.
        document = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise _no_kubeconfig(f"it is not YAML: {error}", where) from error
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise _no_kubeconfig("it is not a map with `kind: Config`", where)
    return document


def _no_kubeconfig(what: str, where: str) -> InputError:
    return InputError(
        f"this file cannot be merged into: {what}",
        where=where,
        hint="repair or move it, or write the new kubeconfig to another file; it was left as it is",
    )


def _dump(document: Mapping[str, Any]) -> str:
    return str(yaml.dump(document, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=4096))


def _authority(authority: InlineAuthority | FileAuthority) -> dict[str, str]:
    if isinstance(authority, FileAuthority):
        return {"certificate-authority": authority.path}
    return {"certificate-authority-data": _base64(authority.cert_pem)}


def _credentials(credentials: InlineCredentials | FileCredentials) -> dict[str, str]:
    if isinstance(credentials, FileCredentials):
        return {
            "client-certificate": credentials.certificate,
            "client-key": credentials.key,
        }
    return {
        "client-certificate-data": _base64(credentials.cert_pem),
        "client-key-data": _base64(credentials.key_pem.reveal()),
    }


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class _Loader(yaml.SafeLoader):
    """Leaves timestamps as the text they are: other people's entries must come out unchanged."""

    yaml_implicit_resolvers = {  # noqa: RUF012  the attribute that PyYAML reads
        first: [(tag, regexp) for tag, regexp in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
