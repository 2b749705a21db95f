"""What Azure would refuse in `cluster.azure`, said before anything is asked of it.

Sources: AKS documentation (limits, network concepts, retirements) and Resource Manager's rules for
names and tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from kprov.inventory.azure_network_rules import network_faults
from kprov.inventory.faults import Fault, FaultPath, is_resource_id, resource_hint, tag_faults
from kprov.inventory.findings import did_you_mean, hint_of
from kprov.model.azure import AzureSpec
from kprov.model.azure_maintenance import MaintenanceSpec

AUTOSCALER_KEYS = (
    "balance-similar-node-groups", "daemonset-eviction-for-empty-nodes",
    "daemonset-eviction-for-occupied-nodes", "expander", "ignore-daemonsets-utilization",
    "max-empty-bulk-delete", "max-graceful-termination-sec", "max-node-provision-time",
    "max-total-unready-percentage", "new-pod-scale-up-delay", "ok-total-unready-count",
    "scale-down-delay-after-add", "scale-down-delay-after-delete",
    "scale-down-delay-after-failure", "scale-down-unneeded-time", "scale-down-unready-time",
    "scale-down-utilization-threshold", "scan-interval", "skip-nodes-with-local-storage",
    "skip-nodes-with-system-pods",
)  # fmt: skip
_EXTRA_KEYS = ("extendedLocation", "identity", "kind", "location", "properties", "sku", "tags")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def azure_faults(azure: AzureSpec, folder: Path) -> Iterator[Fault]:
    """Everything that is wrong in `cluster.azure`."""
    yield from _required(azure)
    yield from _endpoint(azure, folder)
    yield from _needs(azure)
    yield from _entra(azure)
    yield from _ids(azure)
    yield from network_faults(azure.network)
    yield from _known_keys(azure)
    yield from tag_faults(("azure", "tags"), azure.tags)
    for number, window in enumerate(azure.maintenance):
        yield from _window(("azure", "maintenance", number), window)


def _required(azure: AzureSpec) -> Iterator[Fault]:
    """Fields that have no default; checked here, so that a slip in one hides no other rule."""
    if not azure.subscription:
        hint = "the subscription's id: az account show --query id"
        yield Fault(("azure", "subscription"), "`cluster.azure` has no `subscription`", hint)
    group = azure.resource_group
    missing = [name for name in ("name", "location") if not getattr(group, name)]
    if missing:
        what = f"`cluster.azure.resource_group` has no `{missing[0]}`"
        hint = "such as {name: rg-prod, location: westeurope, create: true}"
        yield Fault(("azure", "resource_group", missing[0]), what, hint)


def _endpoint(azure: AzureSpec, folder: Path) -> Iterator[Fault]:
    if azure.endpoint is not None:
        address = urlsplit(azure.endpoint)
        good = address.scheme in ("http", "https") and address.hostname
        if not good:
            what = f"`cluster.azure.endpoint` is {azure.endpoint!r}, expected https://HOST:PORT"
            yield Fault(("azure", "endpoint"), what)
        elif address.scheme == "http" and address.hostname not in _LOOPBACK:
            what = "`cluster.azure.endpoint` is http: tokens would travel in the clear"
            yield Fault(("azure", "endpoint"), what, "use https; http is for this computer alone")
    for path, name in (("ca_file",), azure.ca_file), (
        ("credential", "certificate"), azure.credential.certificate,
    ):  # fmt: skip
        if name is not None and not (folder / Path(name).expanduser()).is_file():
            yield Fault(("azure", *path), f"the file {name} does not exist", f"looked in {folder}")
    if azure.credential.kind == "certificate" and azure.credential.certificate is None:
        what = "`credential.kind: certificate` needs `credential.certificate`"
        yield Fault(("azure", "credential", "kind"), what, "the path of a PEM or PKCS#12 file")


def _needs(azure: AzureSpec) -> Iterator[Fault]:
    if azure.workload_identity and not azure.oidc:
        yield Fault(("azure", "workload_identity"), "`workload_identity` needs `oidc: true`")
    if azure.support_plan == "AKSLongTermSupport" and azure.tier != "premium":
        yield Fault(("azure", "support_plan"), "AKSLongTermSupport needs `tier: premium`")
    if azure.sku == "Automatic" and azure.tier in ("free", "premium"):
        what = f"`sku: Automatic` comes with the tier standard, found {azure.tier}"
        yield Fault(("azure", "tier"), what, "remove `tier`, or write standard")
    if azure.kms and azure.kms.access == "Private" and not azure.kms.vault:
        yield Fault(("azure", "kms"), "a vault with private access needs `vault`, its resource id")
    if azure.fqdn_subdomain and azure.dns_prefix:
        what = "`dns_prefix` and `fqdn_subdomain` exclude each other"
        yield Fault(("azure", "fqdn_subdomain"), what, "a private cluster has `fqdn_subdomain`")


def _entra(azure: AzureSpec) -> Iterator[Fault]:
    if azure.entra is None:
        return
    for number, group in enumerate(azure.entra.admin_groups):
        if not _UUID.fullmatch(group):
            what = f"{group!r} is not the object id of a group"
            hint = "az ad group show --group NAME --query id"
            yield Fault(("azure", "entra", "admin_groups", number), what, hint)
    if not (azure.entra.local_accounts or azure.entra.azure_rbac or azure.entra.admin_groups):
        what = "nobody could administer this cluster"
        hint = "name `admin_groups`, set `azure_rbac: true`, or keep `local_accounts`"
        yield Fault(("azure", "entra"), what, hint)


def _ids(azure: AzureSpec) -> Iterator[Fault]:
    disks = "Microsoft.Compute/diskEncryptionSets"
    expected: list[tuple[FaultPath, str | None, str]] = [
        (("disk_encryption_set",), azure.disk_encryption_set, disks)
    ]
    identity = "Microsoft.ManagedIdentity/userAssignedIdentities"
    if azure.identity != "system":
        expected.append((("identity", "id"), azure.identity.id, identity))
    if azure.kubelet_identity:
        expected.append((("kubelet_identity", "id"), azure.kubelet_identity.id, identity))
        if azure.identity == "system":
            what = "`kubelet_identity` needs an `identity` of your own too"
            yield Fault(("azure", "kubelet_identity"), what, "write identity: {id: ...}")
    registry = "Microsoft.ContainerRegistry/registries"
    expected += [(("acr", number), name, registry) for number, name in enumerate(azure.acr)]
    workspace = azure.monitoring.workspace if azure.monitoring else None
    if workspace not in (None, "auto", "off"):
        workspaces = "Microsoft.OperationalInsights/workspaces"
        expected.append((("monitoring", "workspace"), workspace, workspaces))
    for path, value, kind in expected:
        if value is not None and not is_resource_id(value, kind):
            yield Fault(("azure", *path), f"{value!r} is not a resource id", resource_hint(kind))


def _known_keys(azure: AzureSpec) -> Iterator[Fault]:
    for field, given, known in (
        ("autoscaler", azure.autoscaler, AUTOSCALER_KEYS),
        ("extra", azure.extra, _EXTRA_KEYS),
    ):
        for key in given:
            if key not in known:
                hint = hint_of(did_you_mean(key, known), f"expected one of: {', '.join(known)}")
                what = f"unknown key {key!r} in `cluster.azure.{field}`"
                yield Fault(("azure", field, key), what, hint)


def _window(path: FaultPath, window: MaintenanceSpec) -> Iterator[Fault]:
    """AKS: planned maintenance."""
    given = [name for name in ("daily", "weekly", "monthly") if getattr(window, name)]
    if len(given) != 1:
        what = (
            f"a window has one of `daily`, `weekly`, `monthly`, found {', '.join(given) or 'none'}"
        )
        yield Fault(path, what)
    elif window.daily and window.of != "node-os":
        yield Fault((*path, "daily"), "`daily` is for `of: node-os` alone", "write `weekly`")
    elif window.monthly and bool(window.monthly.date) == bool(window.monthly.day):
        what = "a monthly window is on a `date`, or on a `day` of a `week`"
        yield Fault((*path, "monthly"), what, "such as {day: Sunday, week: First}")
    elif window.monthly and bool(window.monthly.day) != bool(window.monthly.week):
        yield Fault((*path, "monthly"), "`day` and `week` belong together")
    for number, span in enumerate(window.not_allowed):
        if span.end < span.start:
            what = f"`end` {span.end} is before `start` {span.start}"
            yield Fault((*path, "not_allowed", number), what)
