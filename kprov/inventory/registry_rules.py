"""Rules of `cluster.containerd.registries`."""

from __future__ import annotations

import re
from pathlib import Path

from kprov.inventory.findings import Findings
from kprov.inventory.spec import ReadSpec
from kprov.model.registry import RegistrySpec

_HOST = re.compile(r"_default|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_AT = ("containerd", "registries")


def check_registries(read: ReadSpec, folder: Path, findings: Findings) -> None:
    """Names of hosts, files that are there, passwords whose whereabouts are told."""
    if not read.good(*_AT):
        return
    for name, registry in read.spec.containerd.registries.items():
        if not _HOST.fullmatch(name):
            what = f"`cluster.containerd.registries` has {name!r}, expected a registry's host"
            hint = "such as docker.io or registry.example.com:5000; _default is for all others"
            findings.problem(what, read.place(*_AT, name), hint)
        _check_files(name, registry, read, folder, findings)
        _check_login(name, registry, read, findings)
        if name == "_default" and not registry.mirrors:
            what = "`_default` has no mirrors: there is nothing that it could mean"
            findings.problem(what, read.place(*_AT, name), "add `mirrors: [https://...]`")
        if registry.skip_verify:
            findings.warn(
                f"{read.place(*_AT, name, 'skip_verify')}: certificates of {name} are not verified"
            )


def _check_files(
    name: str, registry: RegistrySpec, read: ReadSpec, folder: Path, findings: Findings
) -> None:
    for key in ("ca", "password_file"):
        text = getattr(registry, key)
        path = folder / Path(text or "").expanduser()
        if text and not path.is_file():
            what = f"the file {text} does not exist"
            findings.problem(what, read.place(*_AT, name, key), f"looked for {path}")


def _check_login(name: str, registry: RegistrySpec, read: ReadSpec, findings: Findings) -> None:
    ways = [key for key in ("password_env", "password_file") if getattr(registry, key)]
    place = read.place(*_AT, name)
    if registry.username and not ways:
        findings.problem(
            f"the password of {registry.username} for {name} is missing", place,
            "say where it is: `password_env: VARIABLE` or `password_file: FILE`",
        )  # fmt: skip
    elif len(ways) > 1:
        hint = "leave one of them out"
        findings.problem(f"{name} has both `password_env` and `password_file`", place, hint)
    elif ways and not registry.username:
        findings.problem(f"{name} has a password but no `username`", place)
    plain = any(mirror.startswith("http:") for mirror in registry.mirrors)
    if registry.username and (registry.skip_verify or plain):
        why = "`skip_verify`" if registry.skip_verify else "a mirror at a plain http:// address"
        findings.problem(
            f"{name} has a password and {why}: anybody in between could read it", place,
            "use https, and name the authority of the certificate: `ca: FILE`",
        )  # fmt: skip
