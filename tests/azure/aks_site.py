"""kprov's command line on an emulated Azure: an inventory that tests rewrite, its exit codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from kprov.cli.main import main
from tests.azure.emulator import Emulator

Json = dict[str, Any]
SYSTEM: Mapping[str, Any] = {
    "name": "system", "mode": "System", "vm_size": "Standard_D4ds_v5", "count": 3,
}  # fmt: skip
WORK: Mapping[str, Any] = {"name": "work", "vm_size": "Standard_D8ds_v5", "count": 2}


@dataclass
class AksSite:
    """One inventory and its state."""

    azure: Emulator
    folder: Path
    capture: pytest.CaptureFixture[str]
    cluster: Json = field(default_factory=dict)
    out: str = ""
    err: str = ""

    @property
    def inventory(self) -> Path:
        return self.folder / "inv.yaml"

    def write(self, pools: list[Mapping[str, Any]] | None = None, **azure: Any) -> None:
        """The inventory: what Azure needs, and what is given here."""
        version = azure.pop("kubernetes", "1.35")
        spec = {
            "name": "prod",
            "provider": "aks",
            "kubernetes": version,
            "azure": self.base() | azure,
            "pools": [dict(pool) for pool in ([SYSTEM, WORK] if pools is None else pools)],
        }
        self.inventory.write_text(yaml.safe_dump({"cluster": spec}))

    def base(self) -> Json:
        """Where this Azure is."""
        return {
            "subscription": self.azure.subscription,
            "resource_group": {"name": "rg", "location": "westeurope", "create": True},
            "credential": {"kind": "secret"},
            "endpoint": self.azure.endpoint,
            "ca_file": str(self.azure.ca_file),
        }

    def run(self, *words: str) -> int:
        """A command; what it printed is kept."""
        code = main([words[0], str(self.inventory), *words[1:]])
        self.out, self.err = self.capture.readouterr()
        return code

    def apply(self, *words: str) -> int:
        """Apply without a question; the log starts anew."""
        self.azure.log.clear()
        return self.run("apply", "-y", *words)

    def applied(self, *words: str) -> None:
        """It works, and the same again changes nothing: not one write."""
        assert self.apply(*words) == 0, self.err + self.out
        self.unchanged()

    def unchanged(self) -> None:
        """Nothing to do: no write, not even of a lease."""
        log = list(self.azure.log.entries)
        assert self.run("plan") == 0, self.out + self.err
        assert self.apply() == 0, self.err
        assert self.azure.log.writes() == []
        self.azure.log.entries[:] = log

    def plan(self, *words: str) -> list[Json]:
        """The changes of a plan as data."""
        assert self.run("plan", "-o", "json", *words) in {0, 2}, self.err
        steps = json.loads(self.out)["steps"]
        return [change for step in steps for change in step["changes"]]

    def ids(self) -> list[str]:
        """What a plan would change."""
        return [change["id"] for change in self.plan()]

    @property
    def writes(self) -> list[str]:
        """The accepted requests that change something, without the lease's."""
        return [its for its in self.azure.log.writes() if not its.endswith("tags/default")]

    def properties(self) -> Json:
        """The cluster as it is inside Azure."""
        return self.azure.cluster("rg", "prod").properties

    def pool(self, name: str) -> Json:
        """A pool as it is inside Azure."""
        return self.azure.cluster("rg", "prod").pools[name].properties
