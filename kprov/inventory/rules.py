"""Rules that need the whole inventory: groups, hosts, versions, files the spec names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.names import (
    address_of,
    dns_name_is_valid,
    endpoint_fault,
    is_name_or_address,
    node_name_fault,
)
from kprov.inventory.spec import ReadSpec
from kprov.inventory.tree import KNOWN_GROUPS, Tree
from kprov.inventory.versions import (
    SUPPORTED_TEXT,
    component_is_supported,
    component_text,
    kubernetes_is_supported,
)
from kprov.model.errors import Location
from kprov.model.host import BIN_DIRS, Host, Inventory
from kprov.model.version import Version

PHASES = ("os", "etcd", "control", "runtime", "access", "node", "labels", "addons")
"""Where `cluster.roles` can hook in: the phases of an apply."""

_CLOSE = 0.85
_OTHER_WORDS = {
    "kube_control_plane": ("master", "masters", "control_plane", "controlplane", "controllers"),
    "kube_node": ("node", "nodes", "worker", "workers", "kube_worker", "kube_workers"),
}
"""What other tools call these groups."""


def check_groups(tree: Tree, inventory: Inventory, findings: Findings) -> None:
    """Groups that look like a slip, an empty control plane, the number of etcd members."""
    _check_group_names(tree, findings)
    if not inventory.hosts:
        _no_hosts(findings, inventory)
    elif not inventory.control_planes:
        _no_control_plane(tree, findings, inventory)
    members = inventory.etcd
    if members and len(members) % 2 == 0:
        _even_etcd(tree, [host.name for host in members], findings)
    if inventory.control_planes and not inventory.select("kube_node"):
        findings.warn("no host is in kube_node: ordinary pods have nowhere to run")


def check_hosts(inventory: Inventory, places: Mapping[str, Location], findings: Findings) -> None:
    """Names that nodes cannot have, addresses used twice; `places`: where an address stands."""
    for host in inventory.members:
        if fault := node_name_fault(host.name):
            findings.problem(f"invalid host name {host.name!r}", host.location, fault)
        directory = host.vars.get("bin_dir", BIN_DIRS[0])
        if directory not in BIN_DIRS:
            what = f"`bin_dir` of {host.name} is {directory!r}, expected {' or '.join(BIN_DIRS)}"
            findings.problem(what, host.location, "/opt/bin is for systems with a read-only /usr")
    _check_addresses(inventory.hosts, places, findings)


def check_spec(read: ReadSpec, findings: Findings) -> None:
    """Fields of the spec that follow rules of their own."""
    check_version(read, findings)
    _check_components(read, findings)
    _check_names(read, findings)
    _check_roles(read, findings)


def _check_group_names(tree: Tree, findings: Findings) -> None:
    for name, group in tree.groups.items():
        if name in KNOWN_GROUPS or name == "all":
            continue
        close = _close_group(name)
        if close and set(tree.members(name)) - set(tree.members(close)):
            hint = f"did you mean '{close}'?"
            findings.problem(f"unknown group {name!r} with hosts in it", group.location, hint)


def _close_group(name: str) -> str:
    """The known group this is a slip of; letters swapped in a short name count too."""
    swapped = [known for known in KNOWN_GROUPS if sorted(known) == sorted(name)]
    close = difflib.get_close_matches(name, KNOWN_GROUPS, n=1, cutoff=_CLOSE)
    return (*swapped, *close, "")[0]


def _no_hosts(findings: Findings, inventory: Inventory) -> None:
    hint = "put a host into the group kube_control_plane"
    findings.problem("there are no hosts", Location(inventory.path), hint)


def _no_control_plane(tree: Tree, findings: Findings, inventory: Inventory) -> None:
    others = [name for name in _OTHER_WORDS["kube_control_plane"] if name in tree.groups]
    hint = "put one host, or three, into the group kube_control_plane"
    if others:
        hint = f"the group {others[0]!r} has to be called kube_control_plane"
    group = tree.groups.get("kube_control_plane")
    where = group.location if group else Location(inventory.path)
    findings.problem("the control plane is empty", where, hint)


def _even_etcd(tree: Tree, names: list[str], findings: Findings) -> None:
    group = "etcd" if tree.members("etcd") else "kube_control_plane"
    why = "" if group == "etcd" else " (the control planes, as there is no group etcd)"
    what = f"etcd has {len(names)} members{why}: {', '.join(names)}; expected an odd number"
    hint = f"{len(names)} survive no more failures than {len(names) - 1}; add or remove one"
    findings.problem(what, tree.groups[group].location, hint)


def _check_addresses(
    hosts: Iterable[Host], places: Mapping[str, Location], findings: Findings
) -> None:
    seen: dict[tuple[str, int, str], str] = {}
    inner: dict[str, str] = {}
    for host in hosts:
        way = host.connection
        key = (way.address, way.port or 22, way.ssh_common_args)
        first = seen.setdefault(key, host.name)
        where = places.get(host.name, host.location)
        if first != host.name:
            place = places.get(first, "")
            what = f"{host.name} has the address of {first}: {way.address}"
            findings.problem(what, where, f"{first} is at {place}; every host needs its own")
        own = host.vars.get("ip")
        if address_of(own) is not None and inner.setdefault(str(own), host.name) != host.name:
            what = f"{host.name} has the `ip` of {inner[str(own)]}: {own}"
            findings.problem(what, where, "every host needs its own")


def check_version(read: ReadSpec, findings: Findings) -> None:
    """The Kubernetes release: supported, and written in full."""
    if not read.good("kubernetes"):
        return
    version, place = read.spec.version, read.place("kubernetes")
    if not kubernetes_is_supported(version):
        what = f"Kubernetes {read.spec.kubernetes} is not supported"
        findings.problem(what, place, f"supported: {SUPPORTED_TEXT}")
    elif not _has_patch(read.spec.kubernetes):
        what = f"`cluster.kubernetes` is {read.spec.kubernetes}, expected a full version"
        findings.problem(what, place, f"such as {read.spec.kubernetes}.2")


def _check_components(read: ReadSpec, findings: Findings) -> None:
    for name, text in read.spec.versions.model_dump(exclude_none=True).items():
        place = read.place("versions", name)
        if not component_is_supported(name, Version.parse(text)):
            hint = f"supported: {component_text(name)}"
            findings.problem(f"{name} {text} is not supported", place, hint)
        elif not _has_patch(text):
            what = f"`cluster.versions.{name}` is {text}, expected a full version"
            findings.problem(what, place, f"such as {text}.1")


def _has_patch(version: str) -> bool:
    return version.partition("-")[0].count(".") == 2


def _check_names(read: ReadSpec, findings: Findings) -> None:
    spec = read.spec
    if spec.endpoint is not None and (fault := endpoint_fault(spec.endpoint)):
        what = f"`cluster.endpoint` is {spec.endpoint!r}, expected host:port"
        findings.problem(what, read.place("endpoint"), fault)
    if not dns_name_is_valid(spec.network.domain):
        what = f"`cluster.network.domain` is {spec.network.domain!r}, expected a DNS domain"
        findings.problem(what, read.place("network", "domain"), "such as cluster.local")
    for number, name in enumerate(spec.kube_apiserver.extra_sans):
        if not is_name_or_address(name.removeprefix("*.")):
            what = f"`cluster.kube_apiserver.extra_sans` has {name!r}, expected names and addresses"
            findings.problem(what, read.place("kube_apiserver", "extra_sans", number))


def _check_roles(read: ReadSpec, findings: Findings) -> None:
    for side, phases in read.spec.roles.items():
        for phase in phases:
            if phase not in PHASES:
                what = f"unknown phase {phase!r} in `cluster.roles.{side}`"
                hint = hint_of(did_you_mean(phase, PHASES), f"phases: {', '.join(PHASES)}")
                findings.problem(what, read.place("roles", side, phase), hint)


def check_files(read: ReadSpec, folder: Path, findings: Findings) -> None:
    """Where artefacts and image archives come from, as far as this computer can tell."""
    for number, image in enumerate(read.spec.images):
        if image.archive is None:
            continue
        place = read.place("images", number, "archive")
        scheme = urlsplit(image.archive).scheme
        path = folder / Path(image.archive.removeprefix("file://")).expanduser()
        if scheme in ("", "file") and not path.is_file():
            what = f"the image archive {image.archive} does not exist"
            findings.problem(what, place, f"looked for {path}")
    _check_mirror(read, findings)


def _check_mirror(read: ReadSpec, findings: Findings) -> None:
    mirror, place = read.spec.artifacts.mirror, read.place("artifacts", "mirror")
    if mirror is None:
        return
    address = urlsplit(mirror)
    if address.scheme not in ("http", "https", "file") or not (address.netloc or address.path):
        what = f"`cluster.artifacts.mirror` is {mirror!r}, expected https://… or file:///…"
        findings.problem(what, place, "a folder on this computer is file:///path/to/it")
    elif address.scheme == "file" and (address.netloc or not Path(address.path).is_dir()):
        hint = "file:// is followed by an absolute path: file:///path/to/it"
        findings.problem(f"the mirror {mirror} is not a folder here", place, hint)
