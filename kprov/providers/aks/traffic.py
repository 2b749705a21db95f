"""A Traffic Manager profile in front of several clusters, behind the same protocol.

Source: https://learn.microsoft.com/rest/api/trafficmanager/profiles; endpoints are external ones,
because a Service's address is no resource of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from kprov.model.change import Action, Change
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import ProblemsError, ProviderError
from kprov.model.failover import EndpointSpec, TrafficManagerSpec
from kprov.model.plan import Plan
from kprov.providers.aks.client import Azure
from kprov.providers.aks.draft import Draft
from kprov.providers.aks.errors import told
from kprov.providers.aks.look import get_or_none
from kprov.providers.aks.names import CREATED
from kprov.providers.aks.wire import Json, at, overlay
from kprov.providers.base import Look, PoolStatus, Status, Tell
from kprov.providers.table import FAILOVER as NAME

_TYPE = "Microsoft.Network/trafficManagerProfiles/externalEndpoints"
Addresses = Callable[[str, str], str | None]
"""Cluster and NAMESPACE/NAME of a Service, to its address; None while it has none."""


@dataclass(frozen=True, slots=True)
class TrafficLook:
    """What was found of the profile, and where the clusters answer."""

    spec: TrafficManagerSpec
    clusters: tuple[ClusterSpec, ...]
    profile: Mapping[str, Any] | None
    targets: Mapping[str, str | None]

    @property
    def status(self) -> Status:
        """The profile with its endpoints, and what Azure's probes say of each."""
        found = _endpoints(self.profile)
        endpoints = tuple(
            PoolStatus(name, str(its.get("endpointMonitorStatus", "")), "", 0, str(its["target"]))
            for name, its in found.items()
        )
        state = at(self.profile, "properties.monitorConfig.profileMonitorStatus")
        missing = "missing" if self.profile is None else "Succeeded"
        return Status(state=str(state or missing), version="", pools=endpoints)

    @property
    def notes(self) -> tuple[str, ...]:
        """Endpoints that have to wait."""
        return tuple(
            f"{NAME}: {cluster} has no ingress address yet, its endpoint comes with a later apply"
            for cluster, target in self.targets.items()
            if target is None and cluster not in _endpoints(self.profile)
        )

    def plan(self, *, allow_replace: bool) -> Plan:
        """What would make it as the inventory says."""
        draft = Draft(NAME)
        name = f"profile:{profile_name(self.spec)}"
        wanted = self._wanted()
        if self.profile is None:
            words = f"create {self.spec.dns}.trafficmanager.net, {self.spec.method}: "
            words += ", ".join(wanted["endpoints"]) or "no endpoint yet"
            draft.create(NAME, name, {**wanted, "tags": {CREATED: NAME}}, words)
        else:
            self._update(draft, name, wanted)
        if draft.problems:
            raise ProblemsError(draft.problems)
        return draft.plan()

    def removal(self) -> Plan:
        """What would take it away."""
        draft = Draft(NAME)
        if self.profile is not None and at(self.profile, f"tags.{CREATED}") == NAME:
            draft.remove(NAME, f"profile:{profile_name(self.spec)}", {}, "delete it")
        return draft.plan()

    def _update(self, draft: Draft, name: str, wanted: Json) -> None:
        assert self.profile is not None
        there = at(self.profile, "properties.dnsConfig.relativeName")
        if str(there).lower() != self.spec.dns:
            what = f"the profile is {there}.trafficmanager.net, the inventory says {self.spec.dns}"
            draft.problem(what, "a profile keeps its name: give the new one another `name`")
            return
        found = _endpoints(self.profile)
        observed = {**self.profile, "endpoints": found}
        gone = sorted(found.keys() - wanted["endpoints"].keys() - set(self.targets))
        if gone:
            # Nothing stands for "not there" among what is compared but the word that says so.
            wanted["without"] = ", ".join(gone)
        draft.update(NAME, name, wanted, observed)

    def _wanted(self) -> Json:
        probe = self.spec.probe
        monitor: Json = {
            "protocol": probe.protocol,
            "port": probe.port,
            "intervalInSeconds": probe.interval,
            "timeoutInSeconds": min(probe.timeout, 9) if probe.interval == 10 else probe.timeout,
            "toleratedNumberOfFailures": probe.failures,
        }
        if probe.protocol != "TCP":
            monitor["path"] = probe.path
        return {
            "location": "global",
            "properties": {
                "trafficRoutingMethod": self.spec.method,
                "dnsConfig": {"relativeName": self.spec.dns, "ttl": self.spec.ttl},
                "monitorConfig": monitor,
            },
            "endpoints": dict(self._wanted_endpoints()),
        }

    def _wanted_endpoints(self) -> Mapping[str, Json]:
        regions = {its.name: its.azure.region for its in self.clusters if its.azure}
        wanted = {}
        for number, endpoint in enumerate(endpoints_of(self.spec, self.clusters), 1):
            target = self.targets.get(endpoint.cluster)
            if target is None:
                continue
            its: Json = {"target": target, "priority": number}
            if self.spec.method == "Performance":
                its["endpointLocation"] = regions[endpoint.cluster]
            if endpoint.weight is not None:
                its["weight"] = endpoint.weight
            wanted[endpoint.cluster] = its
        return wanted


@dataclass(frozen=True, slots=True)
class TrafficManager:
    """The profile, as a provider: it comes after the clusters."""

    spec: TrafficManagerSpec
    clusters: tuple[ClusterSpec, ...]
    azure: Azure
    addresses: Addresses

    def observe(self) -> Look:
        """The profile, and the address of every ingress that exists."""
        with told(NAME):
            profile = get_or_none(self.azure.traffic.profiles.get, self._group, self._name)
        targets = {
            its.cluster: its.target or self.addresses(its.cluster, its.service)
            for its in endpoints_of(self.spec, self.clusters)
        }
        return TrafficLook(self.spec, self.clusters, profile, targets)

    def settle(self, tell: Tell) -> None:
        """Profiles change at once."""

    def lease(self, owner: str, *, steal: bool) -> AbstractContextManager[None]:
        """The clusters' leases cover it."""
        return nullcontext()

    def apply(self, change: Change, tell: Tell, *, wait: bool) -> bool:
        """PUT or DELETE."""
        profiles = self.azure.traffic.profiles
        with told(f"{NAME} {change.id}"):
            if change.action is Action.REMOVE:
                profiles.delete(self._group, self._name)
                return True
            there = get_or_none(profiles.get, self._group, self._name) or {}
            profiles.create_or_update(
                self._group, self._name, body_of(there, change.resource.params["body"])
            )
        return True

    def stop(self) -> None:
        """Nothing is waited for."""

    def kubeconfig(self, *, admin: bool | None) -> str:
        """There is none."""
        raise ProviderError("this is no cluster", where=NAME)

    @property
    def _group(self) -> str:
        assert self.azure.spec is not None
        return self.azure.spec.resource_group.name

    @property
    def _name(self) -> str:
        return profile_name(self.spec)


def profile_name(spec: TrafficManagerSpec) -> str:
    """The profile's name in its resource group."""
    return spec.name or spec.dns


def endpoints_of(
    spec: TrafficManagerSpec, clusters: tuple[ClusterSpec, ...]
) -> tuple[EndpointSpec, ...]:
    """One for every cluster, in written order, where none are written."""
    return tuple(spec.endpoints) or tuple(EndpointSpec(cluster=its.name) for its in clusters)


def body_of(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> Json:
    """The whole body: endpoints are a list on the wire, those that are gone are left out."""
    gone = str(wanted.get("without", "")).split(", ")
    endpoints = {k: v for k, v in _endpoints(there).items() if k not in gone}
    endpoints = overlay(endpoints, wanted.get("endpoints") or {})
    rest = {key: value for key, value in wanted.items() if key not in ("endpoints", "without")}
    body = overlay({k: there[k] for k in ("location", "tags") if k in there}, rest)
    body["properties"]["endpoints"] = [
        {"name": name, "type": _TYPE, "properties": _sent(its)} for name, its in endpoints.items()
    ]
    return body


def _sent(endpoint: Mapping[str, Any]) -> Json:
    return {key: value for key, value in endpoint.items() if key != "endpointMonitorStatus"}


def _endpoints(profile: Mapping[str, Any] | None) -> dict[str, Json]:
    listed = at(profile, "properties.endpoints") or []
    return {its["name"]: dict(its.get("properties") or {}) for its in listed}
