"""Text files that the spec names: read with the inventory, so that hosts are not touched for one
that is missing or wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kprov.inventory.findings import Findings
from kprov.inventory.spec import ReadSpec

_LARGEST = 1 << 20
"""Bytes; a policy or a bundle of authorities is far smaller."""


def read_texts(read: ReadSpec, folder: Path, findings: Findings) -> Mapping[str, str]:
    """Contents by the name that the spec gives a file; problems go to `findings`."""
    texts = {}
    for field, name in _named(read):
        text = _read(field, name, folder, read, findings)
        if text is not None:
            texts[name] = text
    return texts


def _named(read: ReadSpec) -> Iterator[tuple[tuple[str, ...], str]]:
    spec = read.spec
    if spec.audit.policy is not None:
        yield ("audit", "policy"), spec.audit.policy
    if spec.oidc is not None and spec.oidc.ca_file is not None:
        yield ("oidc", "ca_file"), spec.oidc.ca_file


def _read(
    field: tuple[str, ...], name: str, folder: Path, read: ReadSpec, findings: Findings
) -> str | None:
    path, place = folder / Path(name).expanduser(), read.place(*field)
    what = f"`cluster.{'.'.join(field)}` is {name}"
    try:
        if path.is_file() and path.stat().st_size > _LARGEST:
            findings.problem(f"{what}: larger than 1 MiB", place)
            return None
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        findings.problem(f"{what}: there is no such file", place, f"looked for {path}")
    except UnicodeDecodeError:
        findings.problem(f"{what}: not UTF-8 text", place)
    except OSError as error:
        findings.problem(f"{what}: {error.strerror}", place, f"looked for {path}")
    return None
