"""Which version of each component goes with which Kubernetes release.

Sources, read in 2026-08:
- etcd, CoreDNS: `SupportedEtcdVersion` and `CoreDNSVersion` of kubeadm, in
  cmd/kubeadm/app/constants/constants.go of each Kubernetes release branch. Of the release line
  that kubeadm names (3.5, 3.6) the newest patch is taken here, for its security fixes
  (CHANGELOG/CHANGELOG-3.x.md in etcd).
- containerd: the Kubernetes support table in containerd's RELEASES.md, the line with the longest
  support; CRI v1alpha2, all that Kubernetes v1.20 speaks, ended with containerd 2.0.
- runc: script/setup/runc-version of that containerd release.
- CNI plugins: "cni" in Kubernetes' build/dependencies.yaml, from v1.9.0 on for its security fixes.
- crictl: the release of the same minor version, or the newest before it (cri-tools README).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kprov.model.cluster import ClusterSpec
from kprov.model.errors import InputError
from kprov.model.version import Version

Offered = Mapping[str, Sequence[str]]
"""Component to the versions that a mirror folder has; a component that is missing: not known."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The version taken by default, and which others work: from `least` up to but not `below`."""

    default: str
    least: str
    below: str


@dataclass(frozen=True, slots=True)
class Line:
    """The components of one Kubernetes minor release."""

    etcd: Choice
    containerd: Choice
    runc: Choice
    cni_plugins: Choice
    crictl: Choice
    coredns: str


@dataclass(frozen=True, slots=True)
class Versions:
    """The version of every component of one cluster, in the form its releases are tagged with;
    containerd's without the `v`, as in the names of its archives."""

    kubernetes: str
    etcd: str
    containerd: str
    runc: str
    cni_plugins: str
    crictl: str
    coredns: str

    def of(self, component: str) -> str:
        """The version of `etcd`, `cni-plugins` and so on."""
        return str(getattr(self, component.replace("-", "_")))


# What works: kubeadm's MinExternalEtcdVersion and CRI v1 (containerd 1.6) set the lower ends,
# releases that nobody has tried with kprov the upper ones.
def _etcd(default: str, least: str = "3.5.0", below: str = "3.7.0") -> Choice:
    return Choice(default, least, below)


def _containerd(default: str, least: str = "1.6.0", below: str = "3.0.0") -> Choice:
    return Choice(default, least, below)


def _runc(default: str) -> Choice:
    return Choice(default, "1.0.0", "2.0.0")


def _cni(default: str) -> Choice:
    return Choice(default, "1.0.0", "2.0.0")  # the first that read cniVersion 1.0.0


def _crictl(default: str) -> Choice:
    return Choice(default, "1.20.0", "2.0.0")


# v1.20's own CoreDNS, 1.7.0, is not where registry.k8s.io keeps all later ones.
# v1.37's kubeadm names etcd 3.7.0; 3.6 is what it upgrades from, and supported.
LINES: Mapping[str, Line] = {
    "1.20": Line(_etcd("3.4.45", "3.4.0", "3.6.0"), _containerd("1.6.39", "1.4.0", "2.0.0"),
                 _runc("1.1.15"), _cni("1.1.1"), _crictl("1.20.0"), "1.8.0"),
    "1.29": Line(_etcd("3.5.33"), _containerd("1.7.34"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.29.0"), "1.11.1"),
    "1.30": Line(_etcd("3.5.33"), _containerd("1.7.34"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.30.1"), "1.11.3"),
    "1.31": Line(_etcd("3.5.33"), _containerd("1.7.34"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.31.1"), "1.11.3"),
    "1.32": Line(_etcd("3.5.33"), _containerd("2.0.11"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.32.0"), "1.11.3"),
    "1.33": Line(_etcd("3.5.33"), _containerd("2.0.11"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.33.0"), "1.12.0"),
    "1.34": Line(_etcd("3.6.14"), _containerd("2.0.11"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.34.0"), "1.12.1"),
    "1.35": Line(_etcd("3.6.14"), _containerd("2.2.7", "1.7.0"),
                 _runc("1.3.6"), _cni("1.9.1"), _crictl("1.35.0"), "1.13.1"),
    "1.36": Line(_etcd("3.6.14"), _containerd("2.3.4", "1.7.0"),
                 _runc("1.4.3"), _cni("1.9.1"), _crictl("1.36.0"), "1.14.2"),
    "1.37": Line(_etcd("3.6.14"), _containerd("2.3.4", "1.7.0"),
                 _runc("1.4.3"), _cni("1.9.1"), _crictl("1.36.0"), "1.14.2"),
}  # fmt: skip


def component_versions(spec: ClusterSpec, offered: Offered | None = None) -> Versions:
    """The versions of a cluster: those that `cluster.versions` names, otherwise what fits.

    `offered` is what a mirror folder has (Source.offered): a default that is not in it gives way
    to the newest release there that works, of the default's own line if there is one, so that a
    mirror of somebody else's choice needs no list of versions. Raises InputError for a
    Kubernetes release that kprov does not know.
    """
    line = _line(spec)
    asked, there = spec.versions, offered or {}
    return Versions(
        kubernetes=spec.kubernetes,
        etcd=asked.etcd or _tag(_choose(line.etcd, there.get("etcd"))),
        containerd=asked.containerd or _choose(line.containerd, there.get("containerd")),
        runc=asked.runc or _tag(_choose(line.runc, there.get("runc"))),
        cni_plugins=asked.cni_plugins or _tag(_choose(line.cni_plugins, there.get("cni-plugins"))),
        crictl=asked.crictl or _tag(_choose(line.crictl, there.get("crictl"))),
        coredns=asked.coredns or _tag(line.coredns),
    )


def _line(spec: ClusterSpec) -> Line:
    found = LINES.get(spec.version.minor_text)
    if found is None:
        known = ", ".join(f"v{minor}" for minor in LINES)
        raise InputError(
            f"Kubernetes {spec.kubernetes} is not supported",
            where="cluster.kubernetes",
            hint=f"choose a release of {known}",
        )
    return found


def _choose(choice: Choice, offered: Sequence[str] | None) -> str:
    bare = [text.removeprefix("v") for text in offered or ()]
    if choice.default in bare:
        return choice.default
    fitting = [
        version
        for version in map(Version.parse, bare)
        if version.at_least(choice.least) and not version.at_least(choice.below)
    ]
    if not fitting:
        return choice.default
    line = Version.parse(choice.default).minor_text
    return str(max(fitting, key=lambda version: (version.minor_text == line, version)))


def _tag(version: str) -> str:
    return f"v{version}"
