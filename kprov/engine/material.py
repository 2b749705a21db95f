"""The material of a run: certificates, kubeconfigs, binaries and images.

Certificates are made in memory and written by `save`; files are fetched when a host gets them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import cast

from kprov.artifacts.cache import Cache
from kprov.artifacts.catalogue import Architecture, Artifact, release, version_of
from kprov.artifacts.image_archive import image_tags
from kprov.artifacts.lock import LockFile, parse_lock
from kprov.artifacts.members import compressed_member
from kprov.artifacts.resolve import Want, resolve
from kprov.artifacts.source import Source, open_source
from kprov.artifacts.versions import Versions, component_versions
from kprov.engine.cache import downloads
from kprov.engine.deliver import Parcel
from kprov.engine.values import ARCHITECTURES, World, address
from kprov.lang.sources import Binary, Image, KeyPair
from kprov.model.errors import ArtifactError, InputError
from kprov.model.host import Host, Inventory
from kprov.model.secret import Secret
from kprov.pki.kubeconfig import InlineAuthority, InlineCredentials, kubeconfig
from kprov.pki.request import AuthorityName, Leaf
from kprov.pki.store import Pki
from kprov.pki.table import CertificateContext, certificate_context, certificate_request, row
from kprov.state.directory import StateDir

LOCK_FILE = "kprov.lock"


class Material:
    """Everything roles ask for by name. One per run; several threads may pack at once."""

    def __init__(
        self, inventory: Inventory, state: StateDir, pki: Pki, cache: Cache, lock: LockFile
    ) -> None:
        self._inventory = inventory
        self._state = state
        self.pki = pki
        self._cache = cache
        self._lock = lock
        self._saved = lock.dump()
        spec = inventory.cluster
        self._source: Source = open_source(spec.artifacts.mirror, cache.http, cache.memory)
        self._versions: Versions = component_versions(spec, self._source.offered("amd64"))
        self._artifacts: dict[tuple[str, Architecture], Artifact] = {}
        self._by_digest: dict[str, Artifact] = {}
        self._images: dict[str, tuple[Path, Image]] = {}
        self.leaves: dict[str, Leaf] = {}

    @classmethod
    def open(cls, inventory: Inventory, state: StateDir, *, now: datetime) -> Material:
        """The material of a cluster. Raises PkiError, ArtifactError, InputError."""
        passphrase = os.environ.get("KPROV_PASSPHRASE")
        secret = Secret(passphrase) if passphrase else None
        pki = Pki.open(state.pki, inventory.cluster, now=now, passphrase=secret)
        path = state.root / LOCK_FILE
        text = state.read_text(path)
        lock = LockFile() if text is None else parse_lock(text, where=str(path))
        return cls(inventory, state, pki, downloads(), lock)

    @property
    def versions(self) -> Mapping[str, str]:
        """Component to version, as templates see them."""
        return {
            its.name: getattr(self._versions, its.name)
            for its in fields(self._versions) if its.name != "kubernetes"
        }  # fmt: skip

    def save(self) -> None:
        """Write new certificates and the lock file."""
        self.pki.save()
        text = self._lock.dump()
        if text != self._saved:
            self._state.write_text(self._state.root / LOCK_FILE, text)
            self._saved = text

    def for_host(self, host: Host, world: World) -> HostMaterial:
        """The same, as one host's roles ask for it."""
        return HostMaterial(self, host, world)

    def artifact(self, name: str, arch: Architecture) -> Artifact:
        """One artefact, pinned by the lock file."""
        if (name, arch) not in self._artifacts:
            found = resolve(
                [Want(name)], versions=self._versions, arch=arch, lock=self._lock,
                source=self._source, cached_size=self._cache.size,
            )  # fmt: skip
            self._lock = found.lock
            self._artifacts[name, arch] = found.artifacts[0]
            self._by_digest[found.artifacts[0].sha256] = found.artifacts[0]
        return self._artifacts[name, arch]

    def place(self, name: str, member: str) -> Binary:
        """Where a binary goes on every host."""
        version = version_of(name, self._versions)
        return Binary(f"/opt/kprov/{release(name).component}/{version}", member)

    def image(self, archive: str) -> Image:
        """An archive of `cluster.images`."""
        if archive not in self._images:
            path = self._image_path(archive)
            digest = _digest(path)
            spec = next(its for its in self._inventory.cluster.images if its.archive == archive)
            if spec.sha256 and spec.sha256 != digest:
                raise ArtifactError(
                    f"this image archive has SHA-256 {digest}, expected {spec.sha256}",
                    where=str(path),
                )
            self._images[archive] = (path, Image(digest, image_tags(path)))
        return self._images[archive][1]

    def pack(self, digest: str) -> Parcel:
        """A file that travels to a host; fetched first when it is not here yet."""
        for path, image in self._images.values():
            if image.sha256 == digest:
                return Parcel(digest, path.stat().st_size, path, compressed=False)
        artifact = self._by_digest[digest]
        path = self._cache.fetch(artifact)
        size = path.stat().st_size
        if release(artifact.name).folder is not None:
            return Parcel(digest, size, path, compressed=False)
        return Parcel(digest, size, compressed_member(self._cache, artifact), compressed=True)

    def pushed(self) -> bool:
        """Whether only this computer can reach the artefacts."""
        mirror = self._inventory.cluster.artifacts.mirror or ""
        return mirror.startswith(("file:", "http://127.", "http://localhost", "http://[::1]"))

    def kubeconfig(self, server: str, *, user: str = "kubernetes-admin", leaf: Leaf) -> str:
        """A kubeconfig with embedded credentials."""
        return kubeconfig(
            cluster=self._inventory.cluster.name,
            server=server,
            authority=InlineAuthority(self.pki.authority("kubernetes").cert_pem),
            user=user,
            credentials=InlineCredentials(leaf.cert_pem, leaf.key_pem),
        )

    def admin(self) -> Leaf:
        """The administrator's certificate."""
        context = certificate_context(self._inventory, None)
        return self.leaf(certificate_context_name("admin", None), "admin", context)

    def leaf(
        self, label: str, name: str, context: CertificateContext, *, allow_expired: bool = False
    ) -> Leaf:
        """A leaf certificate; remembered with its label for reports."""
        request = certificate_request(name, context)
        leaf = self.pki.leaf(request, allow_expired=allow_expired)
        self.leaves[label] = leaf
        return leaf

    def certificate_ends(self) -> dict[str, datetime]:
        """Every certificate this run has looked at, with its end."""
        ends = {name: leaf.not_after for name, leaf in self.leaves.items()}
        authorities = self.pki.ensure_authorities()
        return ends | {f"{name} authority": its.not_after for name, its in authorities.items()}

    def _image_path(self, archive: str) -> Path:
        path = Path(archive.removeprefix("file://")).expanduser()
        path = path if path.is_absolute() else Path(self._inventory.directory) / path
        if not path.is_file():
            raise InputError("no such image archive", where=str(path), hint="see cluster.images")
        return path


def certificate_context_name(name: str, host: str | None) -> str:
    """How reports call a certificate."""
    return f"{name} of {host}" if host else name


@dataclass(frozen=True, slots=True)
class HostMaterial:
    """Material as one host's roles ask for it."""

    material: Material
    host: Host
    world: World

    def place(self, component: str, member: str) -> Binary:
        """Where a binary goes."""
        return self.material.place(component, member)

    def binary(self, component: str, member: str) -> Binary:
        """With its source and how it gets there."""
        arch = cast("Architecture", self._arch())
        artifact = self.material.artifact(component, arch)
        place = self.material.place(component, member)
        archive = release(component)
        inside = (
            archive.member_of(artifact.version, arch, member) if archive.folder is not None else ""
        )
        how = "push" if self._push() else "pull"
        return Binary(place.directory, place.name, artifact.sha256, how, artifact.url, inside or "")

    def image(self, archive: str) -> Image:
        """An image archive."""
        return self.material.image(archive)

    def certificate(self, name: str) -> KeyPair:
        """A leaf for this host."""
        leaf = self._leaf(name)
        return KeyPair(leaf.cert_pem, leaf.key_pem.reveal())

    def authority(self, name: str) -> KeyPair:
        """An authority, or the service-account key pair."""
        if name == "service-account":
            pair = self.material.pki.service_account
            return KeyPair(pair.public_pem, pair.private_pem.reveal())
        found = self.material.pki.authority(cast("AuthorityName", name))
        return KeyPair(found.cert_pem, found.key_pem.reveal())

    def kubeconfig(self, certificate: str, server: str) -> str:
        """A kubeconfig with embedded credentials."""
        user = row(certificate).subject.replace("{node}", self.host.name)
        return self.material.kubeconfig(server, user=user, leaf=self._leaf(certificate))

    def _leaf(self, name: str) -> Leaf:
        inventory, facts = self.world.inventory, self.world.facts
        addresses = {its.name: (str(address(its, facts)),) for its in inventory.members}
        host = None if row(name).on == "controller" else self.host
        context = certificate_context(inventory, host, addresses)
        bootstrap = name == "kubelet-bootstrap"
        has_own = facts[self.host.name].flag("kubelet_has_certificate")
        label = certificate_context_name(name, host.name if host else None)
        return self.material.leaf(label, name, context, allow_expired=bootstrap and has_own)

    def _arch(self) -> str:
        machine = self.world.facts[self.host.name].get("arch")
        return ARCHITECTURES.get(machine, machine)

    def _push(self) -> bool:
        delivery = self.world.cluster.artifacts.delivery
        if delivery != "auto":
            return delivery == "push"
        facts = self.world.facts[self.host.name]
        return self.material.pushed() or not (facts.flag("tool_curl") or facts.flag("tool_wget"))


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
