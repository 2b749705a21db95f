"""Roles on hosts that were never met: assumed facts and a fake material with fixed answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kprov.artifacts.versions import component_versions
from kprov.engine.addon_files import addon
from kprov.engine.desired import PhaseResources, Product, desired
from kprov.engine.phases import phases_for
from kprov.engine.registries import registries
from kprov.engine.rendering import ASSUMED
from kprov.engine.values import World
from kprov.inventory import load
from kprov.lang.role import read_role
from kprov.lang.sources import Addon, Binary, EncryptionKey, Image, KeyPair
from kprov.lang.template import Renderers
from kprov.model.facts import Facts
from kprov.model.host import Host, Inventory
from kprov.model.share import share
from kprov.sh.kinds import KINDS
from kprov.sh.records import Records
from kprov.state.pod_cidrs import allocate


@dataclass(frozen=True, slots=True)
class FakeSources:
    """Answers with words instead of keys; refuses names that the real ones do not know."""

    versions: dict[str, str]
    host: str
    inventory: Inventory

    def place(self, component: str, member: str) -> Binary:
        """In the real folders."""
        family = "kubernetes" if component.startswith(("kube", "kubectl")) else component
        version = self.versions[family.replace("-", "_")]
        return Binary(f"/opt/kprov/{family}/{version}", member)

    def binary(self, component: str, member: str) -> Binary:
        """A digest made of the name."""
        place = self.place(component, member)
        inside = "" if component == member else member
        url = f"https://mirror.example/{component}"
        return Binary(place.directory, member, f"sha256-of-{component}", "pull", url, inside)

    def image(self, archive: str) -> Image:
        """One tag."""
        return Image(f"sha256-of-{archive}", ("registry.example/image:1",))

    def addon(self, name: str) -> Addon:
        """From its file or recipe; none from an address."""
        return addon(self.inventory, name, _refuse_address)

    def certificate(self, name: str) -> KeyPair:
        """Words, but only for certificates of the table."""
        from kprov.pki.table import row

        return KeyPair(f"certificate {row(name).name} of {self.host}", f"key {name}")

    def authority(self, name: str) -> KeyPair:
        """Words, but only for authorities that exist."""
        assert name in ("kubernetes", "etcd", "front-proxy", "service-account"), name
        return KeyPair(f"authority {name}", f"key of authority {name}")

    def encryption_key(self) -> EncryptionKey:
        """A word."""
        return EncryptionKey("kprov-0123456789ab", "encryption key")

    def kubeconfig(self, certificate: str, server: str) -> str:
        """Who and where."""
        return f"kubeconfig for {self.certificate(certificate).cert} at {server}"


def _refuse_address(url: str, sha256: str | None) -> Path:
    raise AssertionError(f"{url} would be fetched")


def world(inventory: Path, overrides: list[str], facts: dict[str, str]) -> World:
    """A world in which every host has been looked at; `facts` over the assumed ones."""
    loaded = load(inventory, overrides=overrides, environ={})
    spec = loaded.cluster
    versions = component_versions(spec)
    names = ("etcd", "containerd", "runc", "cni_plugins", "crictl", "coredns")
    return World(
        inventory=loaded,
        versions={name: getattr(versions, name) for name in names},
        pod_cidrs=allocate(
            spec.network.pods,
            spec.network.node_mask,
            [n.name for n in loaded.nodes],
            {},
            spec.network.node_mask_v6,
        ),
        registries=registries(loaded, {"REGISTRY_PASSWORD": "REGISTRY_PASSWORD"}),
        facts={host.name: Facts({**ASSUMED, **facts}, {}) for host in loaded.members},
    )


def product(its: World) -> Product:
    """The shipped roles with the fake material."""
    spec = its.cluster
    phases = phases_for(spec)
    roles = {name: read_role(name, (share("roles"),)) for p in phases for name in p.roles}
    versions = {**its.versions, "kubernetes": spec.kubernetes}

    def sources(host: Host, _: World) -> FakeSources:
        return FakeSources(dict(versions), host.name, its.inventory)

    return Product(phases, roles, sources, Renderers(share("templates")))


def resources(its: World, host: str) -> PhaseResources:
    """One host's resources by phase."""
    return desired(product(its), its, its.inventory.host(host))


def looked_at_nothing(its: World) -> World:
    """The same world where every resource is absent, so that everything is planned."""
    made = product(its)
    facts = {}
    for host in its.inventory.members:
        wanted = [r for group in desired(made, its, host).values() for r in group]
        observed = {r.id: KINDS[r.kind].read(0, r, Records({})) for r in wanted}
        facts[host.name] = replace(its.facts[host.name], observed=observed)
    return replace(its, facts=facts)
