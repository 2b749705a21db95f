"""What has to differ between hosts, and what has to agree: identities and clocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from kprov.core.preflight.place import Finding, Level, Place

MOST_SKEW_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """A fact that no two hosts may share."""

    fact: str
    level: Level
    hint: str


IDENTITIES = (
    Identity("hostname", "error", "hostnamectl set-hostname NAME on each"),
    Identity("machine_id", "error", "rm /etc/machine-id && systemd-machine-id-setup, then reboot"),
    Identity("product_uuid", "warning", "cloned machines: give each its own UUID"),
)


MAC = Identity("MAC address", "warning", "cloned machines: give each interface its own address")


def unique(places: Sequence[Place]) -> Iterator[Finding]:
    """Cloned machines, each of them."""
    for identity in (*IDENTITIES, MAC):
        by_value: dict[str, list[Place]] = defaultdict(list)
        for place in places:
            for value in _macs(place) if identity is MAC else {place.facts.get(identity.fact)}:
                if value:
                    by_value[value].append(place)
        for value, same in by_value.items():
            names = ", ".join(place.host.name for place in same)
            for place in same if len(same) > 1 else ():
                what = f"{identity.fact} {value} is shared by {names}"
                yield Finding(place.host.name, identity.level, what, identity.hint)


def _macs(place: Place) -> set[str]:
    """Addresses of the interfaces that routes lead to: bridges and their like may share theirs."""
    used = {word.rpartition("@")[2] for word in place.facts.get("routes").split()}
    pairs = (word.partition("=") for word in place.facts.get("macs").split())
    return {mac for name, _, mac in pairs if name in used}


def clocks(places: Sequence[Place]) -> Iterator[Finding]:
    """Clocks that differ from the median, and the controller's own."""
    if not places:
        return
    middle = median(place.facts.clock_offset for place in places)
    for place in places:
        skew = place.facts.clock_offset - middle
        if abs(skew) > MOST_SKEW_SECONDS:
            yield place.error(
                f"its clock is {skew:+.0f} s off the others", "start a time service (chrony)"
            )
    if abs(middle) > MOST_SKEW_SECONDS:
        yield Finding(
            "controller", "error", f"the hosts' clocks are {middle:+.0f} s off this computer's",
            "certificates made here would not be valid there: set the clock",
        )  # fmt: skip
