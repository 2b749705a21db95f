"""AKS behind the protocol of kprov.providers.base."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from kprov.model.change import Change
from kprov.model.cluster import ClusterSpec
from kprov.model.errors import KprovError, ProblemsError
from kprov.model.plan import Plan
from kprov.providers.aks.client import Azure
from kprov.providers.aks.doing import Doing
from kprov.providers.aks.draft import Draft
from kprov.providers.aks.kubeconfig import kubeconfig
from kprov.providers.aks.lease import Lease, holder_of
from kprov.providers.aks.look import observe
from kprov.providers.aks.observed import Observed, pool_version
from kprov.providers.aks.operations import Operations
from kprov.providers.aks.plan import plan, plan_removal
from kprov.providers.base import Look, PoolStatus, Provider, Status, Tell


@dataclass(frozen=True, slots=True)
class AksLook:
    """What was found, and what follows from it; nothing here asks Azure."""

    spec: ClusterSpec
    seen: Observed

    @property
    def status(self) -> Status:
        """How the cluster is."""
        pools = tuple(
            PoolStatus(
                name=name,
                state=str(pool.get("provisioningState") or ""),
                version=pool_version(pool),
                nodes=int(pool.get("count") or 0),
                size=str(pool.get("vmSize") or ""),
            )
            for name, pool in self.seen.pools.items()
        )
        return Status(
            state="Stopped" if self.seen.stopped else self.seen.state,
            version=self.seen.version if self.seen.cluster else "",
            pools=pools,
            busy=self.seen.busy,
            lease=holder_of(self.seen.group, self.spec.name),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a plan leaves alone, and what goes on."""
        busy = (f"{self.spec.name}: in progress: {self.seen.busy}",) if self.seen.busy else ()
        return (*busy, *plan(self.spec, self.seen).notes)

    def plan(self, *, allow_replace: bool) -> Plan:
        """What would make it as the inventory says."""
        return _planned(plan(self.spec, self.seen, allow_replace=allow_replace))

    def removal(self) -> Plan:
        """What would take it away."""
        return _planned(plan_removal(self.spec, self.seen))


@dataclass(slots=True)
class AksProvider:
    """One AKS cluster."""

    spec: ClusterSpec
    azure: Azure
    lease_: Lease
    operations: Operations
    doing: Doing

    def observe(self) -> Look:
        """GETs only."""
        return AksLook(self.spec, observe(self.spec, self.azure))

    def settle(self, tell: Tell) -> None:
        """End what an earlier run began, then wait for what anybody else did."""
        try:
            self.doing.resume(tell)
        except KprovError as error:
            if error.exit_code == 130:
                raise
            tell(f"what an earlier run began has failed: {error.problem.what}")
        self.doing.settled(tell)

    def lease(self, owner: str, *, steal: bool) -> AbstractContextManager[None]:
        """A tag of the resource group."""
        return self.lease_.held(owner, steal=steal)

    def apply(self, change: Change, tell: Tell, *, wait: bool) -> bool:
        """One change."""
        return self.doing.do(change, tell, wait=wait)

    def stop(self) -> None:
        """Stop waiting."""
        self.operations.cancelled.set()

    def kubeconfig(self, *, admin: bool | None) -> str:
        """Of people who sign in, or of the built-in administrator."""
        return kubeconfig(self.spec, self.azure, admin=admin)


def make(spec: ClusterSpec, directory: Path, state: Path) -> Provider:
    """The provider of one cluster; the SDK is imported when it is first asked something."""
    assert spec.azure is not None
    azure = Azure(spec.azure, directory)
    lease = Lease(spec, azure)
    operations = Operations(spec.name, state / "operation.json", azure.polling, lease.renew)
    return AksProvider(spec, azure, lease, operations, Doing(spec, azure, operations, lease))


def _planned(draft: Draft) -> Plan:
    if draft.problems:
        raise ProblemsError(draft.problems)
    return draft.plan()
