"""Azure Resource Manager, AKS and the sign-in host on a loopback port, strict like the real ones.

For tests: `with Emulator() as azure: ...`. For people: `python -m tests.azure.emulator` prints what
to export and serves until Ctrl-C. Nothing here can create anything that costs money.
"""

from __future__ import annotations

import argparse
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.azure import (
    certificate,
    cluster_power,
    clusters,
    credentials,
    locations,
    locks,
    maintenance,
    other_resources,
    pools,
    resource_groups,
    role_assignments,
    subscriptions,
    tags_at_scope,
    traffic_manager,
)
from tests.azure.arm import Gateway
from tests.azure.clock import Clock
from tests.azure.faults import CutConnection, FailOperation, Refuse
from tests.azure.identities import CLIENT, SECRET, SUBSCRIPTION, TENANT
from tests.azure.server import Front, HttpsServer
from tests.azure.state import Cluster
from tests.azure.world import Settings, World

ROUTES = [
    route
    for module in (
        subscriptions,
        resource_groups,
        locks,
        tags_at_scope,
        clusters,
        cluster_power,
        pools,
        maintenance,
        credentials,
        locations,
        traffic_manager,
        role_assignments,
        other_resources,
    )
    for route in module.ROUTES
]


class Emulator:
    """The server with its world, which is open to tests; take `world.lock` to change it."""

    def __init__(self, *, port: int = 0, pace: float = 10.0, **settings: Any) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="azure-emulator-")
        self.ca_file, context = certificate.make(Path(self._folder.name))
        self.world = World(settings=Settings(**settings), clock=Clock(pace))
        self._front = Front(self.world, Gateway(self.world, ROUTES))
        self._server = HttpsServer(self._front, context, port)
        self.endpoint = self._server.endpoint
        self.subscription = SUBSCRIPTION
        self.tenant = TENANT
        self.client = CLIENT
        self.secret = SECRET
        self.log = self.world.log
        self.faults = self.world.faults

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()
        self._folder.cleanup()
        if self._front.crashes:
            raise AssertionError("the emulator itself failed:\n" + "\n".join(self._front.crashes))

    @property
    def environment(self) -> dict[str, str]:
        """What azure-identity and requests read, to sign in here and trust this certificate."""
        return {
            "AZURE_AUTHORITY_HOST": self.endpoint,
            "AZURE_TENANT_ID": self.tenant,
            "AZURE_CLIENT_ID": self.client,
            "AZURE_CLIENT_SECRET": self.secret,
            "AZURE_SUBSCRIPTION_ID": self.subscription,
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
        }

    def advance(self, seconds: float = 3600) -> None:
        """Let time pass: running operations end."""
        with self.world.lock:
            self.world.clock.advance(seconds)
            self.world.operations.settle()

    def plan(self, *faults: CutConnection | Refuse | FailOperation) -> None:
        """Plan what will go wrong."""
        with self.world.lock:
            self.world.faults.add(*faults)

    def cluster(self, group: str, name: str) -> Cluster:
        """A cluster as it is inside, to look at or to change behind the client's back."""
        with self.world.lock:
            return self.world.subscriptions[SUBSCRIPTION].cluster(group, name)


def stand_in(kubeconfig: Path) -> Callable[[Cluster], str]:
    """Every cluster's API server is the one of this file."""
    return lambda _: kubeconfig.read_text()


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.azure.emulator",
        description="An Azure that is not there: Resource Manager, AKS and sign-in on loopback.",
    )
    parser.add_argument("--port", type=int, default=0, help="a fixed port instead of a free one")
    parser.add_argument(
        "--pace",
        type=float,
        default=10.0,
        help="virtual seconds that pass with each request (default 10; creating takes 30)",
    )
    parser.add_argument(
        "--kubeconfig", type=Path, help="of a real API server that stands in for every cluster's"
    )
    options = parser.parse_args()
    kubeconfig = stand_in(options.kubeconfig) if options.kubeconfig else None
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with Emulator(port=options.port, pace=options.pace, kubeconfig=kubeconfig) as azure:
        print(f"# endpoint {azure.endpoint}, CA {azure.ca_file}; Ctrl-C ends it")
        for name, value in azure.environment.items():
            print(f"export {name}={value}")
        print(f"# in the inventory: azure.endpoint: {azure.endpoint}", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
