"""How the security benchmark looks at a host: as it is, whoever made it so."""

from __future__ import annotations

from kprov.model.benchmark import PathState, Seen
from kprov.sh.quote import call
from kprov.sh.records import Records, text_member

UNITS = (
    "kube-apiserver.service", "kube-controller-manager.service", "kube-scheduler.service",
    "etcd.service", "kubelet.service", "kube-proxy.service",
)  # fmt: skip
_PATTERNS = (
    "/etc/systemd/system/kube*.service", "/etc/systemd/system/etcd.service",
    "/etc/cni/net.d", "/etc/cni/net.d/*", "/var/lib/etcd",
    "/etc/kubernetes/*.conf", "/etc/kubernetes/*.yaml",
    "/etc/kubernetes/pki", "/etc/kubernetes/pki/*", "/etc/kubernetes/pki/*/*",
    "/etc/etcd/pki", "/etc/etcd/pki/*", "/var/lib/kubelet/kubeconfig",
)  # fmt: skip
"""Patterns of the shell: nothing in them needs to be quoted."""
_AUTHORITIES = ("/etc/etcd/pki/ca.crt", "/etc/kubernetes/pki/ca.crt")


def look() -> list[str]:
    """Shell lines for the probe."""
    return [
        f"look_paths {' '.join(_PATTERNS)}",
        call("look_files", "secret", *_AUTHORITIES),
        call("look_programs", *UNITS),
        'printf \'{"seen":"benchmark"}\\n\' >&3',
    ]


def read(records: Records) -> Seen | None:
    """What was seen; None where nobody asked."""
    if records.get("seen", "benchmark") is None:
        return None
    return Seen(
        programs={
            unit: tuple(text_member(line, "args").split("\n"))
            for unit, line in records.of_kind("program").items()
        },
        paths={
            path: PathState(line["mode"].zfill(4), line["owner"], line["group"])
            for path, line in records.of_kind("path").items()
        },
        sums={path: line["sum"] for path, line in records.of_kind("of").items()},
        providers=tuple(word for text in records.of_kind("providers") for word in text.split()),
    )
