"""Regions: what each offers. Data of the emulator, shaped like the real one.

Zones: https://learn.microsoft.com/azure/reliability/availability-zones-region-support
Sizes: https://learn.microsoft.com/azure/virtual-machines/sizes/overview
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.azure.versions import CATALOGUE, Catalogue

_MEMORY_PER_CPU = {"A": 2.0, "B": 4.0, "D": 4.0, "DS": 3.5, "E": 8.0, "F": 2.0, "L": 8.0, "N": 7.0}


@dataclass(frozen=True)
class Size:
    """A virtual machine size, read off its name: `Standard_D4ds_v5` has 4 vCPUs of family DDSv5."""

    name: str
    cpus: int
    memory_gib: float
    series: str
    family: str
    arm: bool

    @classmethod
    def parse(cls, name: str) -> Size | None:
        """None when it is no name of a size."""
        matched = re.fullmatch(
            r"Standard_(?P<series>[A-Z]+?)(?P<cpus>\d+)(?:-\d+)?(?P<features>[a-z]*)"
            r"(?P<accelerator>(?:_[A-Z]+\d+)?)(?:_(?P<version>v\d+))?",
            name,
        )
        if matched is None:
            return None
        series, features = matched["series"], matched["features"]
        cpus = int(matched["cpus"])
        if series == "DS" and matched["version"] in {None, "v2"}:
            cpus = {1: 1, 2: 2, 3: 4, 4: 8, 5: 16}.get(cpus, cpus)
        version = matched["version"] or ""
        family = f"standard{series}{features.upper()}{version}Family"
        memory = cpus * _MEMORY_PER_CPU.get(series, _MEMORY_PER_CPU.get(series[0], 4.0))
        if series == "B" and cpus == 1:
            memory = 1.0
        return cls(name, cpus, memory, series, family, "p" in features)


@dataclass(frozen=True)
class Region:
    """What a region offers to the subscription."""

    name: str
    zones: tuple[str, ...] = ("1", "2", "3")
    versions: Catalogue = CATALOGUE
    cpus: int = 1000
    """Total regional vCPU quota."""
    family_cpus: Mapping[str, int] = field(default_factory=dict)
    """Quota of size families that have one of their own."""
    without: frozenset[str] = frozenset()
    """Sizes that the subscription may not use there."""


REGIONS: Mapping[str, Region] = {
    region.name: region
    for region in (
        Region("westeurope"),
        Region("northeurope"),
        Region("swedencentral"),
        Region("eastus"),
        Region("eastus2"),
        Region("westus2"),
        Region("westus", zones=()),
        Region("northcentralus", zones=()),
        Region("usgovvirginia"),
        Region("chinanorth3"),
    )
}


def normal(location: str) -> str:
    """ARM takes `West Europe` for `westeurope`."""
    return location.replace(" ", "").lower()
