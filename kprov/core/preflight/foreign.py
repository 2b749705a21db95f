"""Other Kubernetes than kprov's: never adopted, never overwritten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kprov.core.preflight.place import Finding, Place
from kprov.model.plan import Plan

KUBERNETES_PROCESSES = {
    "etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "kubelet", "kube-proxy", "k0s",
    "rke2",
}  # fmt: skip
KUBERNETES_FAMILIES = ("k3s", "microk8s")
"""Beginnings of process names."""


def foreign_kubernetes(place: Place) -> Iterator[Finding]:
    """Processes and files that somebody else's Kubernetes has."""
    if place.facts.flag("owned"):
        return
    running = set(filter(_is_kubernetes, place.facts.get("processes").split()))
    files = place.facts.get("kubernetes_files").split()
    if running or files:
        found = ", ".join([*sorted(running), *files])
        yield place.error(
            f"another Kubernetes or etcd is here: {found}",
            "kprov does not adopt it: remove it first (kubeadm reset, k3s-uninstall.sh, ...)",
        )


def _is_kubernetes(process: str) -> bool:
    return process in KUBERNETES_PROCESSES or process.startswith(KUBERNETES_FAMILIES)


def foreign_authorities(plan: Plan) -> tuple[Finding, ...]:
    """Authorities on hosts that are not this state folder's: they are never overwritten."""
    files: dict[str, list[str]] = defaultdict(list)
    for step in plan.steps:
        for change in step.changes:
            if change.resource.params.get("authority") and "sha256" in change.keys:
                files[step.host].append(change.resource.name)
    hint = (
        "use the state folder this host was set up from (--state); when that is lost, `kprov "
        "reset` the host first; a damaged file: remove it there, and apply writes it again"
    )
    return tuple(
        Finding(host, "error", f"not of this state folder's authorities: {', '.join(names)}", hint)
        for host, names in files.items()
    )
