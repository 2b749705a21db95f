"""Several managed clusters in one inventory: `clusters`, each laid over `cluster`; `failover`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kprov.core.marked_yaml import Marked
from kprov.inventory.entries import Source
from kprov.inventory.findings import Findings, did_you_mean
from kprov.inventory.overrides import overlay
from kprov.inventory.spec import ReadSpec, Shape, read_shape, read_spec
from kprov.model.failover import FailoverSpec

_FAILOVER = Shape("failover", FailoverSpec)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The clusters of one inventory and what leads users to them."""

    name: str
    clusters: tuple[ReadSpec, ...]
    failover: FailoverSpec | None


def read_fleet(
    source: Source, shared: Marked, finish: Callable[[Marked], Marked], findings: Findings
) -> Fleet:
    """Read `clusters` and `failover`; `finish` does to every spec what is done to a single one."""
    assert source.clusters is not None
    listed = source.clusters
    if not listed.sequence:
        what = f"`clusters` is {listed.kind}, expected a list of clusters"
        findings.problem(what, listed.location, "such as [{name: one, azure: ...}, ...]")
    name = shared.mapping.get("name")
    below = _without_name(shared)
    clusters = tuple(
        read_spec(finish(replace(overlay(below, written), location=written.location)), findings)
        for written in listed.sequence
        if _is_cluster(written, findings)
    )
    _check_names(clusters, findings)
    return Fleet(
        name.text if name is not None and name.text else "fleet",
        clusters,
        _failover(source, clusters, findings),
    )


def refuse_failover(source: Source, findings: Findings) -> None:
    """`failover` is between several clusters."""
    if source.failover is not None:
        hint = "list them: `clusters: [{name: one, ...}, {name: two, ...}]`"
        findings.problem("`failover` needs `clusters`", source.failover.location, hint)


def _without_name(shared: Marked) -> Marked:
    kept = {key: value for key, value in shared.mapping.items() if key != "name"}
    return Marked(kept, shared.location, keys=shared.keys)


def _is_cluster(written: Marked, findings: Findings) -> bool:
    if not written.is_mapping:
        what = f"a cluster is {written.kind}, expected a mapping"
        findings.problem(what, written.location)
    return written.is_mapping


def _check_names(clusters: Sequence[ReadSpec], findings: Findings) -> None:
    seen: set[str] = set()
    for read in clusters:
        if not read.says("name"):
            findings.problem("a cluster has no `name`", read.written.location, "each has its own")
        elif read.spec.name in seen:
            what = f"a second cluster is called {read.spec.name!r}"
            findings.problem(what, read.place("name"), "each has its own name")
        if read.spec.provider == "ssh" and read.good("provider"):
            what = "clusters over SSH have an inventory each"
            findings.problem(what, read.place("provider"), "add `provider: aks`, or remove it")
        seen.add(read.spec.name)


def _failover(
    source: Source, clusters: Sequence[ReadSpec], findings: Findings
) -> FailoverSpec | None:
    if source.failover is None:
        return None
    failover = read_shape(source.failover, _FAILOVER, findings)
    names = [read.spec.name for read in clusters]
    for number, endpoint in enumerate(failover.traffic_manager.endpoints if failover else ()):
        if endpoint.cluster not in names:
            place = source.failover.locate(("traffic_manager", "endpoints", number, "cluster"))
            what = f"there is no cluster {endpoint.cluster!r}"
            findings.problem(what, place, did_you_mean(endpoint.cluster, names))
    return failover
