"""Which feature gates a release of Kubernetes knows, as far as that is known here."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from kprov.inventory.findings import Findings, did_you_mean, hint_of
from kprov.inventory.spec import ReadSpec
from kprov.model.version import Version

NEWEST_LISTED = "1.34"
"""The release whose list is complete here; what later ones added is not."""
_ALWAYS = ("AllAlpha", "AllBeta")
_OWN_WAY = (
    "one that you know to exist is given to a component by its extra_args, unchecked: "
    "`kube_apiserver: {{extra_args: {{feature-gates: {name}=true}}}}`"
)


@dataclass(frozen=True, slots=True)
class FeatureGate:
    """One row of feature_gates.txt."""

    name: str
    since: str
    until: str | None
    locked_since: str | None
    locked_to: bool

    def known_to(self, version: Version) -> bool:
        """Whether that release has it."""
        gone = self.until is not None and version.at_least(self.until)
        return version.at_least(self.since) and not gone

    def locked_in(self, version: Version) -> bool:
        """Whether that release refuses any value but `locked_to`."""
        return self.locked_since is not None and version.at_least(self.locked_since)


@functools.cache
def feature_gates() -> Mapping[str, FeatureGate]:
    """All rows by name."""
    text = files("kprov.inventory").joinpath("feature_gates.txt").read_text()
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {name: _gate(name, *columns) for name, *columns in rows}


def _gate(name: str, since: str, until: str, locked: str) -> FeatureGate:
    release, _, value = locked.partition("=")
    return FeatureGate(
        name,
        since,
        None if until == "-" else until,
        None if release == "-" else release,
        value == "true",
    )


def check_feature_gates(read: ReadSpec, findings: Findings) -> None:
    """Gates that this release does not have, or has locked; a component would not start."""
    version = read.spec.version
    for name, value in read.spec.feature_gates.items():
        if name in _ALWAYS:
            continue
        place = read.place("feature_gates", name)
        gate = feature_gates().get(name)
        if gate is None or not gate.known_to(version):
            findings.problem(_unknown(name, gate, version), place, _hint(name, version))
        elif gate.locked_in(version) and value != gate.locked_to:
            only = str(gate.locked_to).lower()
            what = f"feature gate {name} can only be {only} since v{gate.locked_since}"
            findings.problem(what, place, "remove the line: components refuse to start with it")


def _unknown(name: str, gate: FeatureGate | None, version: Version) -> str:
    if gate is None:
        return f"feature gate {name!r} is not known to kprov"
    if not version.at_least(gate.since):
        return f"feature gate {name} came with v{gate.since}, this is v{version.minor_text}"
    return f"feature gate {name} is gone since v{gate.until}, this is v{version.minor_text}"


def _hint(name: str, version: Version) -> str:
    fitting = [gate.name for gate in feature_gates().values() if gate.known_to(version)]
    return hint_of(did_you_mean(name, fitting), _OWN_WAY.format(name=name))
