"""Pools in a plan: new ones, changed ones, one that takes over from another, those to take away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kprov.model.cluster import ClusterSpec
from kprov.model.pools import PoolSpec
from kprov.providers.aks.draft import Draft
from kprov.providers.aks.fields import POOL as ROWS
from kprov.providers.aks.fields import ChangeClass, class_of
from kprov.providers.aks.names import POOL
from kprov.providers.aks.observed import Observed, is_broken
from kprov.providers.aks.pools import birth_of, pool_properties, pools_of, successor_name
from kprov.providers.aks.wire import Json, at, before_of, differing


@dataclass(frozen=True, slots=True)
class _Match:
    """One of our pools and Azure's that are it."""

    spec: PoolSpec
    wanted: Json
    fits: str | None
    """The one that can be made as wanted in place."""
    others: tuple[str, ...]
    """Those that have to go."""
    why: str = ""
    """What no pool that is there can become."""


def plan_pools(draft: Draft, spec: ClusterSpec, seen: Observed) -> None:
    """New pools first, System pools before others, removals last: there is always a System pool."""
    matches = _matches(spec, seen)
    for match in matches:
        if match.fits is None:
            _create(draft, spec, seen, match)
    for match in sorted(matches, key=lambda match: match.spec.mode != "System"):
        if match.fits is not None:
            _update(draft, match, seen.pools[match.fits])
    for match in matches:
        for name in match.others:
            words = "cordon and drain its nodes, then delete it: another pool has taken over"
            _remove(draft, name, seen.pools[name], words)
    for name, pool in _unwanted(spec, seen).items():
        if (pool.get("tags") or {}).get(POOL):
            words = "cordon and drain its nodes, then delete it"
            _remove(draft, name, pool, words)
        elif str(pool.get("mode")).lower() != "machines":
            draft.notes.append(f"{draft.cluster}: pool {name} is not in the inventory, left alone")


def staying(spec: ClusterSpec, seen: Observed) -> dict[str, PoolSpec]:
    """Azure's name of every pool that stays, to what was written of it."""
    return {match.fits: match.spec for match in _matches(spec, seen) if match.fits is not None}


def _matches(spec: ClusterSpec, seen: Observed) -> list[_Match]:
    return [_match(pool, spec, seen) for pool in spec.pools]


def _match(pool: PoolSpec, spec: ClusterSpec, seen: Observed) -> _Match:
    wanted = pool_properties(pool, spec)
    there = pools_of(pool, spec, seen.pools)
    why = ""
    for name in there:
        stuck = _stuck(wanted, seen.pools[name])
        if not stuck:
            return _Match(pool, wanted, name, tuple(its for its in there if its != name))
        why = why or stuck
    return _Match(pool, wanted, None, there, why)


def _stuck(wanted: Json, observed: Json) -> str:
    """What this pool cannot become, in words; an empty text when it can become all."""
    before = before_of(wanted, observed)
    return ", ".join(
        f"{path} {before.get(path, 'unset')} -> {at(wanted, path)}"
        for path in differing(wanted, observed)
        if class_of(ROWS, path, before.get(path), at(wanted, path)) is ChangeClass.NEW_POOL
    )


def _create(draft: Draft, spec: ClusterSpec, seen: Observed, match: _Match) -> None:
    pool = match.spec
    taken = {*seen.pools, *(its.name for its in spec.pools if its is not pool)}
    name = successor_name(pool, taken)
    scale = pool.autoscale
    count = f"{scale.min} to {scale.max}" if scale else str(pool.count or 1)
    words = f"create: {count} x {pool.vm_size}"
    if match.others:
        words += f", replaces {', '.join(match.others)}, because of {match.why}"
    body = birth_of(pool, spec)
    draft.create("pools", f"pool:{name}", body, words)


def _update(draft: Draft, match: _Match, observed: Json) -> None:
    wanted = dict(match.wanted)
    if is_broken(observed):
        wanted["provisioningState"] = "Succeeded"
    draft.update("pools", f"pool:{match.fits}", wanted, observed)


def _unwanted(spec: ClusterSpec, seen: Observed) -> dict[str, Json]:
    ours = {name for pool in spec.pools for name in pools_of(pool, spec, seen.pools)}
    return {name: pool for name, pool in seen.pools.items() if name not in ours}


def _remove(draft: Draft, name: str, pool: Mapping[str, Any], words: str) -> None:
    shown = {key: pool[key] for key in ("vmSize", "mode", "enableAutoScaling") if key in pool}
    # AKS labels every node with its pool: reserved labels, `kubernetes.azure.com/agentpool`.
    selector = f"kubernetes.azure.com/agentpool={name}"
    draft.remove("pools", f"pool:{name}", shown, words, drain=selector)
