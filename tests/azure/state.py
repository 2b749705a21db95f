"""What exists in the emulated Azure. Only the world's lock holder may touch it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.azure.arm_errors import Refusal
from tests.azure.exchange import Json

_etags = itertools.count(1)


def new_etag() -> str:
    """An opaque value, never seen before."""
    return f"W{next(_etags):08x}"


@dataclass
class Pool:
    """An agent pool: its wire properties without name and eTag."""

    name: str
    properties: Json
    etag: str = field(default_factory=new_etag)

    def touch(self) -> None:
        """It changed."""
        self.etag = new_etag()


@dataclass
class Cluster:
    """A managed cluster: `body` holds location, tags, identity, sku; pools live apart."""

    id: str
    name: str
    group: str
    location: str
    body: Json
    properties: Json
    pools: dict[str, Pool] = field(default_factory=dict)
    maintenance: dict[str, Json] = field(default_factory=dict)
    etag: str = field(default_factory=new_etag)

    @property
    def key(self) -> str:
        """The id to compare with."""
        return self.id.lower()

    def touch(self) -> None:
        """It changed."""
        self.etag = new_etag()

    def pool(self, name: str) -> Pool:
        """The pool; the service's refusal when there is none."""
        try:
            return self.pools[name]
        except KeyError:
            raise Refusal(
                404,
                "NotFound",
                f"Could not find the agentpool: {name} in resourceGroup: {self.group}, "
                f"resourceName: {self.name}.",
            ) from None


@dataclass
class Group:
    """A resource group with what lives in it; keys of the mappings are in lower case."""

    name: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)
    managed_by: str | None = None
    state: str = "Succeeded"
    locks: dict[str, str] = field(default_factory=dict)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    traffic_managers: dict[str, Json] = field(default_factory=dict)


@dataclass
class Subscription:
    """A subscription of one tenant."""

    id: str
    tenant: str
    name: str = "emulated"
    state: str = "Enabled"
    registered: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    others: dict[str, Json] = field(default_factory=dict)
    """Resources of other services by their id in lower case."""
    assignments: dict[str, Json] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        """The group; ARM's refusal when there is none."""
        try:
            return self.groups[name.lower()]
        except KeyError:
            raise Refusal(
                404,
                "ResourceGroupNotFound",
                f"Resource group '{name}' could not be found.",
                by_arm=True,
            ) from None

    def clusters(self) -> Iterator[Cluster]:
        """All clusters of all groups."""
        for group in self.groups.values():
            yield from group.clusters.values()

    def cluster(self, group: str, name: str) -> Cluster:
        """The cluster; ARM's refusal when there is none."""
        try:
            return self.group(group).clusters[name.lower()]
        except KeyError:
            raise Refusal.not_found(
                "Microsoft.ContainerService/managedClusters", name, group
            ) from None
