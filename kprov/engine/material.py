"""The material of a run: certificates, kubeconfigs, binaries and images.

Certificates are made in memory and written by `save`; files are fetched when a host gets them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from kprov.artifacts.bundle_source import BundleSource, open_bundle
from kprov.artifacts.cache import Cache
from kprov.artifacts.catalogue import Architecture, Artifact, release, version_of
from kprov.artifacts.lock import LockFile, parse_lock
from kprov.artifacts.manifests import pinned_manifest
from kprov.artifacts.members import compressed_member
from kprov.artifacts.resolve import Want, resolve
from kprov.artifacts.source import Source, open_source
from kprov.artifacts.versions import Versions, component_versions
from kprov.engine.addon_files import addon
from kprov.engine.cache import downloads
from kprov.engine.deliver import Parcel, Tell
from kprov.engine.image_files import ImageFiles
from kprov.lang.sources import Addon, Binary
from kprov.model.host import Inventory
from kprov.model.secret import Secret
from kprov.pki.kubeconfig import InlineAuthority, InlineCredentials, kubeconfig
from kprov.pki.request import Leaf
from kprov.pki.store import Pki
from kprov.pki.table import CertificateContext, certificate_context, certificate_request
from kprov.state.directory import StateDir

LOCK_FILE = "kprov.lock"


class Material:
    """Everything roles ask for by name. One per run; several threads may pack at once."""

    def __init__(
        self,
        inventory: Inventory,
        state: StateDir,
        pki: Pki,
        cache: Cache,
        lock: LockFile,
        bundle: BundleSource | None = None,
    ) -> None:
        self._inventory = inventory
        self._state = state
        self.pki = pki
        self._cache = cache
        self._lock = lock
        self._saved = lock.dump()
        spec = inventory.cluster
        self._bundle = bundle
        self._source: Source = bundle or open_source(
            spec.artifacts.mirror, cache.http, cache.memory
        )
        self._versions: Versions = component_versions(spec, self._source.offered(None))
        self._artifacts: dict[tuple[str, Architecture], Artifact] = {}
        self._by_digest: dict[str, Artifact] = {}
        self.images = ImageFiles(inventory, cache, bundle)
        self.manifests: dict[str, Artifact] = {}
        """Manifests from addresses that were asked for."""
        self._addons: dict[str, Addon] = {}
        self.leaves: dict[str, Leaf] = {}

    @classmethod
    def open(
        cls, inventory: Inventory, state: StateDir, *, now: datetime, bundle: Path | None = None
    ) -> Material:
        """The material of a cluster. Raises PkiError, ArtifactError, InputError.

        `bundle`: the file that artefacts and image archives come from, and from nowhere else.
        """
        passphrase = os.environ.get("KPROV_PASSPHRASE")
        secret = Secret(passphrase) if passphrase else None
        state.pki.recover()
        pki = Pki.open(state.pki, inventory.cluster, now=now, passphrase=secret)
        path = state.root / LOCK_FILE
        text = state.read_text(path)
        lock = LockFile() if text is None else parse_lock(text, where=str(path))
        cache = downloads()
        source = open_bundle(bundle, cache) if bundle else None
        return cls(inventory, state, pki, cache, lock, source)

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

    def addon(self, name: str) -> Addon:
        """An add-on of `cluster.addons`, its manifest on this computer. Raises ArtifactError."""
        if name not in self._addons:
            self._addons[name] = addon(self._inventory, name, self._manifest)
        return self._addons[name]

    def _manifest(self, url: str, sha256: str | None) -> Path:
        found = pinned_manifest(
            url, sha256, lock=self._lock, source=self._source, cache=self._cache
        )
        self._lock = found.lock
        self.manifests[url] = found.artifact
        return self._cache.fetch(found.artifact)

    def pack(self, digest: str, tell: Tell) -> Parcel:
        """A file that travels to a host; fetched first when it is not here yet."""
        tell("")
        image = self.images.of_digest(digest)
        if image is not None:
            return Parcel(digest, image.path.stat().st_size, image.path, compressed=False)
        artifact = self._by_digest[digest]
        path = self.fetch(artifact, tell)
        size = path.stat().st_size
        if release(artifact.name).folder is not None:
            return Parcel(digest, size, path, compressed=False)
        return Parcel(digest, size, compressed_member(self._cache, artifact), compressed=True)

    def fetch(self, artifact: Artifact, tell: Tell) -> Path:
        """An artefact's file on this computer."""
        if self._cache.size(artifact.sha256) is None:
            tell(f"fetching {artifact.name} {artifact.version}")
        return self._cache.fetch(artifact, lambda *_: tell(""))

    @property
    def bundled(self) -> bool:
        """Whether everything comes from a bundle, so that hosts have nowhere to pull from."""
        return self._bundle is not None

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


def certificate_context_name(name: str, host: str | None) -> str:
    """How reports call a certificate."""
    return f"{name} of {host}" if host else name
