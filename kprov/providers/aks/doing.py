"""Doing the changes of a plan, one at a time, through the SDK."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kprov.model.change import Action, Change
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import ProviderError
from kprov.providers.aks.attachments import ROLE_VERSION, assignment_body, assignment_id
from kprov.providers.aks.client import Azure
from kprov.providers.aks.errors import code_of, is_moved, persistent, told
from kprov.providers.aks.lease import Lease
from kprov.providers.aks.look import get_or_none
from kprov.providers.aks.names import CREATED, is_ours
from kprov.providers.aks.observed import Observed, is_broken
from kprov.providers.aks.operations import Begun, ConnectionLostError, Operations
from kprov.providers.aks.put import cluster_body, pool_body
from kprov.providers.aks.versions import satisfied
from kprov.providers.aks.wire import Json, differing
from kprov.providers.base import Tell

_REGISTRATION_SECONDS = 900.0


@dataclass(slots=True)
class Doing:
    """Changes of one cluster."""

    spec: ClusterSpec
    azure: Azure
    operations: Operations
    lease: Lease

    @property
    def group(self) -> str:
        """Name of the resource group."""
        assert self.spec.azure is not None
        return self.spec.azure.resource_group.name

    def do(self, change: Change, tell: Tell, *, wait: bool = True) -> bool:
        """Do it; False when it has only begun. Raises ProviderError, InterruptedByUser."""
        kind, removed = change.resource.kind, change.action is Action.REMOVE
        table: dict[tuple[str, bool], Callable[[Change, Tell], Any]] = {
            ("registration", False): self._register,
            ("group", False): self._create_group,
            ("group", True): self._delete_group,
            ("resource", False): self._put_resource,
            ("access", False): self._give_access,
            ("maintenance", False): self._put_window,
            ("cluster", False): self._put_cluster,
            ("cluster", True): self._delete_cluster,
            ("upgrade", False): self._upgrade,
            ("pool", False): self._put_pool,
            ("pool", True): self._delete_pool,
        }
        self.operations.check()
        with told(f"{self.spec.name} {change.id}"):
            began = table[kind, removed](change, tell)
            if isinstance(began, _Began):
                self.operations.remember(began.begun())
                if not wait:
                    return False
                self._end(began, change, tell)
        return True

    def resume(self, tell: Tell) -> None:
        """Wait for what a run that was killed has begun. Raises what it ended with."""
        begun = self.operations.pending()
        if begun is None:
            return
        tell(f"resuming: {begun.what}")
        with told(self.spec.name):
            try:
                poller = self._poller(begun)
            except ValueError:  # the token is of another SDK, or damaged: the state says the rest
                self.operations.forget()
                return
            self.operations.wait(poller, begun, tell)

    def settled(self, tell: Tell) -> None:
        """Wait until nothing is in progress on the cluster or a pool."""
        with told(self.spec.name):
            self.operations.until(lambda: self._seen().busy, tell)

    def _poller(self, begun: Begun) -> Any:
        clusters, pools = self.azure.aks.managed_clusters, self.azure.aks.agent_pools
        token: dict[str, Any] = {"continuation_token": begun.token}
        match begun.kind, begun.name:
            case ("pool", name):
                start = pools.begin_create_or_update
                return start(self.group, self.spec.name, name, {}, **token)
            case ("group", name):
                return self.azure.resources.resource_groups.begin_delete(name, **token)
            case ("resource", name):
                create = self.azure.resources.resources.begin_create_or_update_by_id
                return create(name, {}, api_version="2022-04-01", **token)
            case (_, "delete"):
                return clusters.begin_delete(self.group, self.spec.name, **token)
        return clusters.begin_create_or_update(self.group, self.spec.name, {}, **token)

    # what a cluster stands on

    def _register(self, change: Change, tell: Tell) -> None:
        name, providers = change.resource.name, self.azure.resources.providers
        persistent(lambda: providers.register(name))
        until = time.monotonic() + _REGISTRATION_SECONDS
        while providers.get(name).registration_state != "Registered":
            if time.monotonic() > until:
                hint = f"az provider show --namespace {name}"
                raise ProviderError(f"{name} is still registering", where=name, hint=hint)
            self.operations.pause(self.azure.polling)

    def _create_group(self, change: Change, tell: Tell) -> None:
        body = dict(change.resource.params["body"])
        body["tags"] = {**body.get("tags", {}), **self.lease.tags}
        self.azure.resources.resource_groups.create_or_update(change.resource.name, body)

    def _delete_group(self, change: Change, tell: Tell) -> _Began | None:
        name = change.resource.name
        others = [
            its.name
            for its in self.azure.resources.resources.list_by_resource_group(name)
            if (its.tags or {}).get(CREATED) != self.spec.name
        ]
        if others:
            tell(f"the resource group {name} stays: {', '.join(others[:5])} is in it")
            return None
        poller = self.azure.resources.resource_groups.begin_delete(name)
        return _Began(poller, f"delete the resource group {name}", "group", name)

    def _put_resource(self, change: Change, tell: Tell) -> _Began:
        params = change.resource.params
        start = self.azure.resources.resources.begin_create_or_update_by_id
        poller = self.operations.begin(
            lambda: start(params["id"], dict(params["body"]), api_version=params["api_version"]),
            tell,
        )
        return _Began(poller, f"make {change.resource.name}", "resource", params["id"])

    def _put_window(self, change: Change, tell: Tell) -> None:
        windows = self.azure.aks.maintenance_configurations
        body = dict(change.resource.params["body"])
        windows.create_or_update(self.group, self.spec.name, change.resource.name, body)

    def _give_access(self, change: Change, tell: Tell) -> None:
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415

        registry = change.resource.params["body"]["registry"]
        principal = self._seen().kubelet_identity
        if principal is None:
            raise ProviderError("the cluster has no kubelet identity", where=self.spec.name)
        start = self.azure.resources.resources.begin_create_or_update_by_id
        identity, body = assignment_id(registry, principal), assignment_body(registry, principal)
        try:
            self.operations.begin(lambda: start(identity, body, api_version=ROLE_VERSION), tell)
        except HttpResponseError as error:
            if code_of(error) != "RoleAssignmentExists":
                raise

    # the cluster

    def _seen(self) -> Observed:
        get = self.azure.aks.managed_clusters.get
        return Observed(None, get_or_none(get, self.group, self.spec.name))

    def _put_cluster(self, change: Change, tell: Tell) -> _Began | None:
        wanted = change.resource.params["body"]
        if change.action is Action.CREATE:
            return self._create_cluster(wanted, tell)
        return self._update_cluster(wanted, "update the cluster", "cluster", tell)

    def _create_cluster(self, wanted: Json, tell: Tell) -> _Began | None:
        from azure.core import MatchConditions  # noqa: PLC0415
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415

        start = self.azure.aks.managed_clusters.begin_create_or_update
        safe = {"match_condition": MatchConditions.IfMissing}
        try:
            poller = start(self.group, self.spec.name, wanted, **safe)
        except HttpResponseError as error:
            # The answer to our own request may have been lost, and the SDK has asked again.
            seen = self._seen()
            if seen.cluster is None or not is_ours(seen.cluster, self.spec.name):
                raise
            if not (is_moved(error) or seen.busy):
                raise
            self.settled(tell)
            return None
        return _Began(poller, "create the cluster", "cluster", "")

    def _update_cluster(self, wanted: Json, what: str, kind: str, tell: Tell) -> _Began | None:
        """GET, lay the wanted keys over it, PUT if nobody was there in between."""
        from azure.core import MatchConditions  # noqa: PLC0415

        def start() -> Any:
            self.settled(tell)
            cluster = self._seen().cluster
            if cluster is None:
                raise ProviderError("the cluster is gone", where=self.spec.name)
            if not (differing(wanted, cluster) or is_broken(cluster)):
                return None
            body = cluster_body(cluster, wanted)
            guard = {"etag": cluster["eTag"], "match_condition": MatchConditions.IfNotModified}
            begin = self.azure.aks.managed_clusters.begin_create_or_update
            return begin(self.group, self.spec.name, body, **(guard if cluster.get("eTag") else {}))

        poller = self.operations.begin(start, tell)
        return _Began(poller, what, kind, "") if poller else None

    def _delete_cluster(self, change: Change, tell: Tell) -> _Began | None:
        def start() -> Any:
            self.settled(tell)
            if self._seen().cluster is None:
                return None
            return self.azure.aks.managed_clusters.begin_delete(self.group, self.spec.name)

        poller = self.operations.begin(start, tell)
        return _Began(poller, "delete the cluster", "cluster", "delete") if poller else None

    def _upgrade(self, change: Change, tell: Tell) -> _Began | None:
        params = change.resource.params
        if "pool" in params:
            return self._upgrade_pool(change, tell)
        what = f"upgrade the control plane to {change.resource.name.rpartition('/')[2]}"
        return self._update_cluster(params["body"], what, "upgrade", tell)

    # pools

    def _put_pool(self, change: Change, tell: Tell) -> _Began | None:
        name, wanted = change.resource.name, dict(change.resource.params["body"])
        if change.action is Action.CREATE:
            return self._update_pool(name, wanted, f"create pool {name}", tell, new=True)
        return self._update_pool(name, wanted, f"update pool {name}", tell)

    def _upgrade_pool(self, change: Change, tell: Tell) -> _Began | None:
        params = change.resource.params
        name, version = params["pool"], params["body"]["orchestratorVersion"]
        control = self._seen().version
        # An alias is resolved to its newest patch, which the control plane may not have yet.
        exact = control if satisfied(version, control) else version
        what = f"upgrade pool {name} to {exact}"
        return self._update_pool(name, {"orchestratorVersion": exact}, what, tell)

    def _update_pool(
        self, name: str, wanted: Json, what: str, tell: Tell, *, new: bool = False
    ) -> _Began | None:
        from azure.core import MatchConditions  # noqa: PLC0415

        pools = self.azure.aks.agent_pools

        def start() -> Any:
            self.settled(tell)
            there = get_or_none(pools.get, self.group, self.spec.name, name)
            if there is None:
                if not new:
                    raise ProviderError(f"pool {name} is gone", where=self.spec.name)
                body = {"properties": wanted}
                guard: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
            else:
                observed = there["properties"]
                if not (differing(wanted, observed) or is_broken(observed)):
                    return None
                body = pool_body(observed, wanted)
                # The SDK has the pool's eTag among its properties.
                tag = observed.get("eTag") or there.get("eTag")
                guard = {"etag": tag, "match_condition": MatchConditions.IfNotModified}
                guard = guard if tag else {}
            return pools.begin_create_or_update(self.group, self.spec.name, name, body, **guard)

        poller = self.operations.begin(start, tell)
        return _Began(poller, what, "pool", name) if poller else None

    def _delete_pool(self, change: Change, tell: Tell) -> _Began | None:
        name, pools = change.resource.name, self.azure.aks.agent_pools

        def start() -> Any:
            self.settled(tell)
            if name not in self._seen().pools:
                return None
            return pools.begin_delete(self.group, self.spec.name, name)

        poller = self.operations.begin(start, tell)
        return _Began(poller, f"delete pool {name}", "pool", name) if poller else None

    def _end(self, began: _Began, change: Change, tell: Tell) -> None:
        try:
            self.operations.wait(began.poller, began.begun(), tell)
        except ConnectionLostError as error:
            tell(f"the connection was lost, asking again: {error.problem.what}")
            self.settled(tell)
        self._must_be_well(change)

    def _must_be_well(self, change: Change) -> None:
        """Azure has said it is done: is it as it was asked for?"""
        kind, seen = change.resource.kind, self._seen()
        if kind == "pool":
            name = change.resource.name
            there: Mapping[str, Any] | None = seen.pools.get(name)
        elif kind in ("cluster", "upgrade"):
            name, there = self.spec.name, seen.cluster
        else:
            return
        gone = change.action is Action.REMOVE
        if (there is not None) if gone else (there is None or is_broken(there)):
            state = "still there" if gone else "missing or failed"
            raise ProviderError(
                f"the operation has ended, but {kind} {name} is {state}", where=self.spec.name,
                hint="run the same command again: it repairs what failed",
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Began:
    """A long operation that Azure has accepted."""

    poller: Any
    what: str
    kind: str
    name: str

    def begun(self) -> Begun:
        """As it is kept for a next run."""
        return Begun(self.what, self.kind, self.name, self.poller.continuation_token())
