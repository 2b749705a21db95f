"""The emulated Azure: settings, clock, identities, subscriptions, operations, faults, the log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.azure.clock import Clock
from tests.azure.faults import Faults
from tests.azure.identities import (
    CLIENT,
    OWNER,
    SECRET,
    SUBSCRIPTION,
    TENANT,
    Application,
    Directory,
    Grant,
)
from tests.azure.operations import Operation, Operations
from tests.azure.regions import REGIONS, Region
from tests.azure.request_log import RequestLog
from tests.azure.state import Cluster, Subscription
from tests.azure.tokens import Tokens

DURATIONS: Mapping[str, float] = {
    "create": 30.0,
    "update": 20.0,
    "upgrade": 30.0,
    "scale": 20.0,
    "delete": 20.0,
    "stop": 20.0,
    "start": 20.0,
}


@dataclass(frozen=True)
class Settings:
    """How this Azure behaves; all times in seconds of the virtual clock."""

    lax: bool = False
    """Shapes only: no rule that needs meaning is applied (for published examples)."""
    durations: Mapping[str, float] = field(default_factory=lambda: dict(DURATIONS))
    regions: Mapping[str, Region] = field(default_factory=lambda: dict(REGIONS))
    background: float = 0.0
    """How long the service works on a new cluster behind the user's back (Azure/telescope#1213)."""
    put_bucket: int | None = None
    """Size of the token bucket for PUTs (real: 20, refilled 1 a minute); None: no end."""
    kubeconfig: Callable[[Cluster], str] | None = None
    """The kubeconfig (YAML) of the API server that stands in for a cluster's."""


@dataclass
class World:
    """Everything. Hold `lock` to look or touch."""

    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    directory: Directory = field(default_factory=Directory)
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    buckets: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.operations = Operations(self.clock)
        self.tokens = Tokens(self.directory)
        self.subscribe(SUBSCRIPTION, TENANT)
        app = self.directory.add(CLIENT)
        app.secrets.add(SECRET)
        app.grants.append(Grant(OWNER, f"/subscriptions/{SUBSCRIPTION}"))

    @property
    def app(self) -> Application:
        """The application that everything runs as unless a test says otherwise."""
        return self.directory.applications[CLIENT]

    def subscribe(self, subscription: str, tenant: str = TENANT) -> Subscription:
        """A new subscription, with the service registered as in most that are in use."""
        made = Subscription(subscription, tenant)
        made.registered = dict.fromkeys(
            ("microsoft.containerservice", "microsoft.network", "microsoft.compute"), "Registered"
        )
        self.subscriptions[subscription.lower()] = made
        return made

    def grant_everything(self) -> None:
        """The application owns every subscription there is."""
        self.app.grants[:] = [Grant(OWNER, f"/subscriptions/{it}") for it in self.subscriptions]

    def duration(self, kind: str) -> float:
        """How long operations of this kind take."""
        return 0.0 if self.settings.lax else self.settings.durations[kind]

    def begin(
        self,
        subscription: Subscription,
        cluster: Cluster,
        resource: str,
        kind: str,
        verb: str,
        *,
        succeed: Callable[[], None],
        fail: Callable[[str], None],
        cancel: Callable[[], None],
    ) -> Operation:
        """Start an operation on a cluster, or on a pool of it; planned failures are met here."""
        failure = self.faults.failure(kind, resource)
        stage = failure.stage if failure else ""
        now = self.clock.now
        operation = Operation(
            subscription.id,
            cluster.location,
            resource,
            kind,
            verb,
            now,
            now + self.duration(kind),
            cluster.key,
            succeed,
            lambda: fail(stage),
            cancel,
            failure.error if failure else None,
        )
        return self.operations.start(operation)
