"""The material of a run as one host's roles ask for it by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from kprov.artifacts.catalogue import Architecture, release
from kprov.engine.material import Material, certificate_context_name
from kprov.engine.values import ARCHITECTURES, World, addresses
from kprov.lang.schema import did_you_mean
from kprov.lang.sources import Addon, Binary, EncryptionKey, Image, KeyPair
from kprov.model.errors import ArtifactError, InputError, PkiError
from kprov.model.host import Host
from kprov.pki.request import AUTHORITY_NAMES, Leaf
from kprov.pki.table import certificate_context, row


@dataclass(frozen=True, slots=True)
class HostMaterial:
    """Material as one host's roles ask for it."""

    material: Material
    host: Host
    world: World

    def place(self, component: str, member: str) -> Binary:
        """Where a binary goes. Raises InputError for a component that does not exist."""
        with _written_in_a_role():
            return self.material.place(component, member)

    def binary(self, component: str, member: str) -> Binary:
        """With its source and how it gets there."""
        arch = cast("Architecture", self._arch())
        artifact = self.material.artifact(component, arch)
        place = self.material.place(component, member)
        archive = release(component)
        inside = ""
        if archive.folder is not None:
            inside = archive.member_of(artifact.version, arch, member) or ""
        how = "push" if self._push() else "pull"
        return Binary(place.directory, place.name, artifact.sha256, how, artifact.url, inside)

    def image(self, archive: str) -> Image | None:
        """An image archive; after the look None where another is for this architecture."""
        images = self.material.images
        if self.host.name not in self.world.facts:
            file = images.file(archive)
            return Image(file.sha256, file.content.tags)
        found = images.for_host(archive, self.host, self._arch())
        return Image(found.sha256, found.content.tags) if found else None

    def addon(self, name: str) -> Addon:
        """An add-on."""
        return self.material.addon(name)

    def certificate(self, name: str) -> KeyPair:
        """A leaf for this host. Raises InputError for a name that is not in the table."""
        leaf = self._leaf(name)
        return KeyPair(leaf.cert_pem, leaf.key_pem.reveal())

    def authority(self, name: str) -> KeyPair:
        """An authority, or the service-account key pair. Raises InputError for other names."""
        if name == "service-account":
            pair = self.material.pki.service_account
            return KeyPair(pair.public_pem, pair.private_pem.reveal())
        if name not in AUTHORITY_NAMES:
            raise InputError(
                f"there is no authority {name!r}",
                hint=did_you_mean(name, (*AUTHORITY_NAMES, "service-account")),
            )
        found = self.material.pki.authority(name)
        return KeyPair(found.cert_pem, found.key_pem.reveal())

    def encryption_key(self) -> EncryptionKey:
        """The key that Secrets are encrypted with.

        Raises InputError when the host has others and not this one: without them nobody would
        ever read the Secrets again that were written with them.
        """
        key = self.material.pki.encryption_key
        found = self.world.facts[self.host.name].get("encryption_keys").split()
        if found and key.name not in found:
            raise InputError(
                f"{self.host.name} encrypts Secrets with the key {found[0]}, the state folder has "
                f"{key.name}: with it no Secret of this cluster could be read any more",
                hint="restore pki/encryption.key in the state folder from a backup: nothing was "
                "touched, the host still has its key in /etc/kubernetes/encryption.yaml",
            )
        return EncryptionKey(key.name, key.secret.reveal())

    def kubeconfig(self, certificate: str, server: str) -> str:
        """A kubeconfig with embedded credentials."""
        with _written_in_a_role():
            user = row(certificate).subject.replace("{node}", self.host.name)
        return self.material.kubeconfig(server, user=user, leaf=self._leaf(certificate))

    def _leaf(self, name: str) -> Leaf:
        with _written_in_a_role():
            row(name)
        inventory, facts = self.world.inventory, self.world.facts
        known = {its.name: tuple(map(str, addresses(self.world, its))) for its in inventory.members}
        host = None if row(name).on == "controller" else self.host
        context = certificate_context(inventory, host, known)
        bootstrap = name == "kubelet-bootstrap"
        has_own = facts[self.host.name].flag("kubelet_has_certificate")
        label = certificate_context_name(name, host.name if host else None)
        return self.material.leaf(label, name, context, allow_expired=bootstrap and has_own)

    def _arch(self) -> str:
        machine = self.world.facts[self.host.name].get("arch")
        return ARCHITECTURES.get(machine, machine)

    def _push(self) -> bool:
        delivery = self.world.cluster.artifacts.delivery
        if self.material.bundled:
            return True
        if delivery != "auto":
            return delivery == "push"
        facts = self.world.facts[self.host.name]
        return self.material.pushed() or not (facts.flag("tool_curl") or facts.flag("tool_wget"))


@contextmanager
def _written_in_a_role() -> Iterator[None]:
    """A name that nobody but a role's author can have got wrong; the role adds its line."""
    try:
        yield
    except (ArtifactError, PkiError) as error:
        raise InputError(error.problem.what, hint=error.problem.hint) from error
