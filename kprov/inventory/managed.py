"""Managed clusters: which parts of an inventory are theirs, and the rules of each provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kprov.inventory.azure_pool_rules import pool_faults
from kprov.inventory.azure_rules import azure_faults
from kprov.inventory.faults import Fault
from kprov.inventory.findings import Findings
from kprov.inventory.spec import ReadSpec

SHARED = frozenset({"name", "provider", "kubernetes", "addons", "tenants"})
"""Fields of the spec that mean the same wherever a cluster runs."""
MANAGED = frozenset({"azure", "pools"})
"""Fields that only managed clusters have."""


def check_managed(read: ReadSpec, folder: Path, findings: Findings) -> None:
    """All rules of a managed cluster that need no cloud; problems go to `findings`."""
    for fault in (*_foreign_fields(read), *_azure(read, folder)):
        if read.good(*fault.path):
            findings.problem(fault.what, read.place(*fault.path), fault.hint)


def refuse_managed_fields(read: ReadSpec, findings: Findings) -> None:
    """A cluster over SSH has no pools: somebody forgot to say where it runs."""
    for field in sorted(MANAGED):
        if read.says(field):
            what = f"`cluster.{field}` is for managed clusters, this one has `provider: ssh`"
            findings.problem(what, read.place(field), "add `provider: aks`, or remove it")


def _foreign_fields(read: ReadSpec) -> Iterator[Fault]:
    provider = read.spec.provider
    for field in read.written.mapping:
        if field not in SHARED | MANAGED and read.good(field):
            yield Fault(
                (field,),
                f"`cluster.{field}` is for clusters over SSH, this one has `provider: {provider}`",
                "networks are in `cluster.azure.network`" if field == "network" else "remove it",
            )


def _azure(read: ReadSpec, folder: Path) -> Iterator[Fault]:
    spec = read.spec
    if spec.azure is None:
        if read.good("azure"):
            hint = "it says which subscription and resource group: see inventories/aks.yaml"
            yield Fault(("provider",), "`provider: aks` needs `cluster.azure`", hint)
    else:
        yield from azure_faults(spec.azure, folder)
    if read.good("pools"):
        yield from pool_faults(spec, spec.azure)
